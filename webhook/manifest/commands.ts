/** The commands that the webhook has beside serving, as its help names them. */
export const COMMANDS = {
  inject:
    "Print manifests with the sidecar injected, as the webhook would have it; no cluster is needed.",
  explain: "Say what the webhook would do with the pods of manifests, and why.",
} as const;

export type Command = keyof typeof COMMANDS;
