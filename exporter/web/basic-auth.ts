/** An Authorization header -> granted, denied, or too many logins at once; bcrypt is asked as seldom as can be. */
import { createHmac, randomBytes } from "node:crypto";

/** Users and the bcrypt hashes of their passwords. */
export type Users = ReadonlyMap<string, string>;

export type Verdict = "granted" | "denied" | "busy";

export interface AuthenticatorOptions {
  /** Whether a password belongs to a hash. Default: bcrypt in a thread of Bun's. */
  readonly verify?: (password: Uint8Array, hash: string) => Promise<boolean>;
  /** How many logins may wait for the one that is being verified. Default 16. */
  readonly maxWaiting?: number;
  /** How many outcomes of either kind are remembered. Default 256. */
  readonly maxRemembered?: number;
}

export interface Authenticator {
  /** Judges the value of an Authorization header. */
  readonly judge: (users: Users, authorization: string | null) => Promise<Verdict>;
}

const MAX_WAITING = 16;
const MAX_REMEMBERED = 256;

/** bcrypt looks at no more; Bun would put a hash in the place of a longer password, Go and htpasswd do not. */
const MAX_PASSWORD_BYTES = 72;

/**
 * An authenticator. One login is verified at a time, since each takes a processor for a while. What one
 * came to is remembered under a key that only this process has, so that a scraper costs one verification
 * in its life, and however many wrong passwords are tried, whoever has logged in before is not kept waiting.
 */
export function createAuthenticator(options: AuthenticatorOptions = {}): Authenticator {
  const { verify = verifyBcrypt, maxWaiting = MAX_WAITING } = options;
  const { maxRemembered = MAX_REMEMBERED } = options;
  const secret = randomBytes(32);
  const keyed = (parts: readonly string[]) =>
    createHmac("sha256", secret).update(JSON.stringify(parts)).digest();
  // Apart, so that no number of wrong passwords drives out a right one.
  const remembered = { granted: createMemory(maxRemembered), denied: createMemory(maxRemembered) };
  const underWay = new Map<string, Promise<Verdict>>();
  const inTurn = createQueue(maxWaiting);

  const login = async (password: Buffer, hash: string, known: boolean): Promise<Verdict> =>
    (await verify(password.subarray(0, MAX_PASSWORD_BYTES), hash)) && known ? "granted" : "denied";

  return {
    judge: async (users, authorization) => {
      const given = readCredentials(authorization);
      if (given === undefined) return "denied";
      const { user, password } = given;
      const known = users.get(user);
      const hash = known ?? decoy(users, keyed([user]).readUInt32BE());
      const key = keyed([user, hash, password.toString("base64")]).toString("base64");
      if (known !== undefined && remembered.granted.has(key)) return "granted";
      if (remembered.denied.has(key)) return "denied";
      const running = underWay.get(key);
      if (running !== undefined) return await running;
      const started = inTurn(() => login(password, hash, known !== undefined));
      if (started === undefined) return "busy";
      underWay.set(key, started);
      try {
        const verdict = await started;
        if (verdict !== "busy") remembered[verdict].add(key);
        return verdict;
      } finally {
        underWay.delete(key);
      }
    },
  };
}

function verifyBcrypt(password: Uint8Array, hash: string): Promise<boolean> {
  return Bun.password.verify(password, hash, "bcrypt");
}

/** User and password of a header as RFC 7617 has it. */
export function readCredentials(
  authorization: string | null,
): { readonly user: string; readonly password: Buffer } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, "base64");
  const colon = decoded.indexOf(":");
  if (colon < 0) return undefined;
  return { user: decoded.toString("utf8", 0, colon), password: decoded.subarray(colon + 1) };
}

/**
 * A hash that nobody has the password of. A name that is none takes as long to be refused as some user's
 * wrong password, and the same name always as long as the same user's: time does not tell which names there are.
 */
function decoy(users: Users, choice: number): string {
  const hashes = [...users.values()];
  const like = hashes[choice % hashes.length] ?? "$2b$10$";
  return `${like.slice(0, 7)}${".".repeat(53)}`;
}

/** The newest so many keys. */
function createMemory(max: number) {
  const keys = new Set<string>();
  return {
    has: (key: string): boolean => {
      // What is asked for is made the newest.
      if (!keys.delete(key)) return false;
      keys.add(key);
      return true;
    },
    add: (key: string): void => {
      keys.add(key);
      for (const oldest of keys) {
        if (keys.size <= max) break;
        keys.delete(oldest);
      }
    },
  };
}

/** Does one thing after the other; nothing where too many wait already. */
function createQueue(maxWaiting: number) {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return <T>(task: () => Promise<T>): Promise<T> | undefined => {
    // The one that is being done counts, too.
    if (waiting > maxWaiting) return undefined;
    waiting += 1;
    const done = last.then(task).finally(() => {
      waiting -= 1;
    });
    last = done.catch(() => {}); // Told to whoever asked for it.
    return done;
  };
}
