import { describe, expect, test } from "bun:test";
import { createAuthenticator, readCredentials, type Users } from "./basic-auth.ts";

const PASSWORD = "correct horse";
const basic = (user: string, password: string) =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

/** Knows one password, answers when told, and says what it was asked. */
function fakeBcrypt() {
  const asked: { password: string; hash: string; finish: () => void }[] = [];
  const verify = async (password: Uint8Array, hash: string) => {
    const told = Promise.withResolvers<void>();
    asked.push({ password: Buffer.from(password).toString(), hash, finish: told.resolve });
    await told.promise;
    return Buffer.from(password).toString() === PASSWORD;
  };
  return { asked, verify };
}

/** As {@link fakeBcrypt}, at once. */
function quickBcrypt() {
  const hashes: string[] = [];
  const verify = (password: Uint8Array, hash: string) => {
    hashes.push(hash);
    return Promise.resolve(Buffer.from(password).toString() === PASSWORD);
  };
  return { hashes, verify };
}

const users: Users = new Map([
  ["alice", `$2y$10$${"a".repeat(53)}`],
  ["bob", `$2y$12$${"b".repeat(53)}`],
]);

describe("readCredentials()", () => {
  test.each<[string | null, [string, string] | undefined]>([
    [basic("alice", "a"), ["alice", "a"]],
    [basic("alice", "a:b:"), ["alice", "a:b:"]],
    [basic("", ""), ["", ""]],
    [basic("앨리스", "비밀"), ["앨리스", "비밀"]],
    [basic("alice", "a").replace("Basic", "bAsIc "), ["alice", "a"]],
    [null, undefined],
    ["", undefined],
    ["Basic", undefined],
    ["Basic ", undefined],
    ["Basic ????", undefined],
    [`Basic ${Buffer.from("alice").toString("base64")}`, undefined],
    [basic("alice", "a").replace("Basic", "Bearer"), undefined],
    [`${basic("alice", "a")}, Basic x`, undefined],
  ])("of %j gives %j", (header, expected) => {
    const given = readCredentials(header);
    expect(given && [given.user, given.password.toString()]).toEqual(expected as undefined);
  });
});

describe("createAuthenticator() with real bcrypt", () => {
  test.each(["$2a$", "$2b$", "$2y$"])("takes hashes that begin with %s", async (prefix) => {
    const hash = await Bun.password.hash(PASSWORD, { algorithm: "bcrypt", cost: 4 });
    const one: Users = new Map([["alice", hash.replace("$2b$", prefix)]]);
    const { judge } = createAuthenticator();
    expect(await judge(one, basic("alice", PASSWORD))).toBe("granted");
    expect(await judge(one, basic("alice", PASSWORD))).toBe("granted");
    for (const header of [
      basic("alice", "wrong"),
      basic("alice", ""),
      basic("nobody", PASSWORD),
      basic("nobody", "."),
      null,
    ]) {
      expect(await judge(one, header)).toBe("denied");
    }
  });

  test("takes the hash that htpasswd made of a password", async () => {
    const one: Users = new Map([
      ["alice", "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"],
    ]);
    expect(await createAuthenticator().judge(one, basic("alice", "fakepassword"))).toBe("granted");
  });

  test("looks at 72 bytes of a password, as bcrypt does elsewhere", async () => {
    const long = "x".repeat(72);
    const hash = await Bun.password.hash(long, { algorithm: "bcrypt", cost: 4 });
    const one: Users = new Map([["alice", hash]]);
    const { judge } = createAuthenticator();
    expect(await judge(one, basic("alice", `${long} and more`))).toBe("granted");
    expect(await judge(one, basic("alice", long.slice(1)))).toBe("denied");
  });
});

describe("createAuthenticator() asks bcrypt", () => {
  test("once for a user and a password, whether they are right or wrong", async () => {
    const { hashes, verify } = quickBcrypt();
    const { judge } = createAuthenticator({ verify });
    for (let scrape = 0; scrape < 5; scrape += 1) {
      expect(await judge(users, basic("alice", PASSWORD))).toBe("granted");
      expect(await judge(users, basic("alice", "wrong"))).toBe("denied");
      expect(await judge(users, basic("nobody", PASSWORD))).toBe("denied");
    }
    expect(hashes.length).toBe(3);
  });

  test("once for the same login that comes several times at once", async () => {
    const { asked, verify } = fakeBcrypt();
    const { judge } = createAuthenticator({ verify, maxWaiting: 1 });
    const logins = Array.from({ length: 50 }, () => judge(users, basic("alice", PASSWORD)));
    await Bun.sleep(0);
    expect(asked.length).toBe(1);
    asked[0]?.finish();
    expect(new Set(await Promise.all(logins))).toEqual(new Set(["granted"]));
  });

  test("again once the hash has changed, and takes the old password no more", async () => {
    const { judge } = createAuthenticator({
      verify: (_password, hash) => Promise.resolve(hash.startsWith("$2y$10$aaa")),
    });
    expect(await judge(users, basic("alice", PASSWORD))).toBe("granted");
    const changed: Users = new Map([["alice", `$2y$10$${"c".repeat(53)}`]]);
    expect(await judge(changed, basic("alice", PASSWORD))).toBe("denied");
    expect(await judge(new Map(), basic("alice", PASSWORD))).toBe("denied");
    expect(await judge(users, basic("alice", PASSWORD))).toBe("granted");
  });

  test("as dearly for a name that is none as for a user's, and always alike for the same name", async () => {
    const { hashes, verify } = quickBcrypt();
    const { judge } = createAuthenticator({ verify });
    const costs: Record<string, string[]> = {};
    for (let name = 0; name < 40; name += 1) {
      for (const password of ["one", "two"]) {
        expect(await judge(users, basic(`user${name}`, password))).toBe("denied");
        (costs[name] ??= []).push(hashes.at(-1)?.slice(0, 7) ?? "");
      }
    }
    expect(hashes.length).toBe(80);
    expect(Object.values(costs).every(([one, two]) => one === two)).toBe(true);
    expect(new Set(Object.values(costs).flat())).toEqual(new Set(["$2y$10$", "$2y$12$"]));
  });

  test("never grants a name that is none, whatever bcrypt says of the decoy", async () => {
    const { judge } = createAuthenticator({ verify: () => Promise.resolve(true) });
    expect(await judge(users, basic("nobody", "x"))).toBe("denied");
    expect(await judge(users, basic("nobody", "x"))).toBe("denied");
  });

  test("for one login at a time; a few wait, the rest are told to come again", async () => {
    const { asked, verify } = fakeBcrypt();
    const { judge } = createAuthenticator({ verify, maxWaiting: 2 });
    const known = judge(users, basic("alice", PASSWORD));
    await Bun.sleep(0);
    asked[0]?.finish();
    expect(await known).toBe("granted");

    const flood = Array.from({ length: 100 }, (_, index) =>
      judge(users, basic("alice", `${index}`)),
    );
    const busy = flood.slice(3);
    expect(new Set(await Promise.all(busy))).toEqual(new Set(["busy"]));
    expect(asked.length).toBe(2);
    // Whoever has logged in before is not kept waiting.
    expect(await judge(users, basic("alice", PASSWORD))).toBe("granted");
    for (let turn = 1; turn <= 3; turn += 1) {
      asked[turn]?.finish();
      expect(await flood[turn - 1]).toBe("denied");
    }
    expect(asked.length).toBe(4);
    // There is room again, also for who was turned away.
    const later = judge(users, basic("alice", "50"));
    await Bun.sleep(0);
    asked[4]?.finish();
    expect(await later).toBe("denied");
  });

  test("and goes on after it has failed", async () => {
    let calls = 0;
    const verify = () => {
      calls += 1;
      return calls === 1 ? Promise.reject(new Error("out of memory")) : Promise.resolve(true);
    };
    const { judge } = createAuthenticator({ verify, maxWaiting: 0 });
    const failed = await judge(users, basic("alice", "x")).catch(String);
    expect(failed).toContain("out of memory");
    expect(await judge(users, basic("alice", "x"))).toBe("granted");
  });

  test("anew for what has been forgotten: the oldest, never a right one for a wrong one", async () => {
    const { hashes, verify } = quickBcrypt();
    const { judge } = createAuthenticator({ verify, maxRemembered: 3 });
    await judge(users, basic("alice", PASSWORD));
    for (let index = 0; index < 10; index += 1) await judge(users, basic("alice", `${index}`));
    const before = hashes.length;
    await judge(users, basic("alice", PASSWORD));
    for (const recent of ["7", "8", "9"]) await judge(users, basic("alice", recent));
    expect(hashes.length).toBe(before);
    await judge(users, basic("alice", "0"));
    expect(hashes.length).toBe(before + 1);
  });
});
