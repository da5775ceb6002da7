/** What must be shown nowhere -> a search for it, in every spelling that a log or a page could give it. */

/** Beginnings of what is secret whatever it says: tokens of the cloud, hashes of passwords, keys. */
const BEGINNINGS = ["gAAAA", "$2a$", "$2b$", "$2y$", "PRIVATE KEY"];

export interface Secrets {
  /** Adds one. */
  hide(this: void, secret: string): void;
  /** Throws where the text shows one of them. */
  search(this: void, text: string): void;
}

/** Begins with these secrets. */
export function createSecrets(...secrets: readonly string[]): Secrets {
  const spellings = new Set(BEGINNINGS);
  const hide = (secret: string) => {
    for (const spelling of spellingsOf(secret)) spellings.add(spelling);
  };
  secrets.forEach(hide);
  return {
    hide,
    search: (text) => {
      for (const spelling of spellings) {
        const at = text.indexOf(spelling);
        if (at < 0) continue;
        throw new Error(
          `A secret is shown, ${spelling}: …${text.slice(Math.max(0, at - 200), at)}`,
        );
      }
    },
  };
}

function spellingsOf(secret: string): readonly string[] {
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret),
    Bun.escapeHTML(secret),
    Buffer.from(secret).toString("base64"),
  ];
}
