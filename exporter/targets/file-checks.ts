/** The value of a configuration file -> what is wrong between its parts, whatever is wrong within them. */
import { isObject } from "../ktcloud/answer.ts";
import type { FileIssue } from "./file-issues.ts";

/** One account as the file has it, with whatever faults. */
export interface RawAccount {
  readonly index: number;
  readonly entry: Readonly<Record<string, unknown>>;
}

/** The accounts that are mappings at all. */
export function rawAccounts(file: unknown): readonly RawAccount[] {
  const accounts = isObject(file) && Array.isArray(file.accounts) ? file.accounts : [];
  return accounts.flatMap((entry: unknown, index) => (isObject(entry) ? [{ index, entry }] : []));
}

/** Secrets that are missing or given twice, names and zones that are there twice. */
export function issuesBetween(accounts: readonly RawAccount[]): readonly FileIssue[] {
  return [
    ...accounts.flatMap(({ index, entry }) =>
      ["id", "password"].flatMap((key) => secretIssues(index, key, entry)),
    ),
    ...repeated(accounts.map(({ index, entry }) => [["accounts", index, "name"], entry.name])),
    ...accounts.flatMap((account) =>
      repeated(zonesOf(account).map(({ path, zone }) => [path, zone])),
    ),
  ];
}

function secretIssues(
  index: number,
  key: string,
  entry: Readonly<Record<string, unknown>>,
): readonly FileIssue[] {
  const given = [key, `${key}_file`].filter((name) => name in entry);
  if (given.length === 1) return [];
  const path = ["accounts", index, ...given.slice(-1)];
  const message =
    given.length === 2
      ? `${key} and ${key}_file: only one of the two may be there`
      : `${key} or ${key}_file: is required`;
  return [{ path, message, at: "key" }];
}

function repeated(entries: readonly (readonly [FileIssue["path"], unknown])[]): FileIssue[] {
  const first = new Set<unknown>();
  return entries.flatMap(([path, value]) => {
    if (typeof value !== "string") return [];
    const text = value.trim();
    if (!first.has(text)) {
      first.add(text);
      return [];
    }
    const what = path.at(-1) === "name" ? "another account has that name" : "is there already";
    return [{ path, message: `must be unique: ${what}` }];
  });
}

interface RawZone {
  readonly path: FileIssue["path"];
  readonly zone: unknown;
}

function zonesOf({ index, entry }: RawAccount): readonly RawZone[] {
  const zones = Array.isArray(entry.zones) ? entry.zones : [];
  return zones.map((item: unknown, i) => ({
    path: ["accounts", index, "zones", i, "zone"],
    zone: isObject(item) ? item.zone : item,
  }));
}

/** An account with what it logs in with, where that is known. */
export interface IdentifiedAccount {
  readonly account: RawAccount;
  readonly id: string | undefined;
}

/** The same id in the same zone of the same cloud under two names: every series would be there twice. */
export function sharedIssues(accounts: readonly IdentifiedAccount[]): readonly FileIssue[] {
  const owners = new Map<string, RawAccount>();
  return accounts.flatMap(({ account, id }) =>
    zonesOf(account).flatMap(({ path, zone }): FileIssue[] => {
      if (id === undefined || typeof zone !== "string") return [];
      const key = JSON.stringify([id, zone, account.entry.api_url]);
      const owner = owners.get(key);
      owners.set(key, owner ?? account);
      if (owner === undefined || owner === account) return [];
      return [{ path, message: `accounts[${owner.index}] has the same id in this zone` }];
    }),
  );
}
