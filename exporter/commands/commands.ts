/** The commands that the exporter has beside serving, as its help names them. */
export const COMMANDS = {
  check:
    "Log in to every zone and list its load balancers, one line a zone; exit code 1 if one fails.",
  get: "Print a page of the exporter that runs on this machine, /metrics or another path: for kubectl exec into an image without curl.",
} as const;

export type Command = keyof typeof COMMANDS;

/** What a command prints, and how it ends. */
export interface CommandResult {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
