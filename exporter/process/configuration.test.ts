/** The executable with a configuration file: several accounts, and changes while it runs. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { eventually } from "../../shared/testing/eventually.ts";
import { ACCOUNT, PASSWORD } from "../testing/cloud.ts";
import { sample, samples } from "../testing/metrics.ts";
import { mountDirectory } from "../testing/mounted-directory.ts";
import { createRig, type Exporter } from "../testing/rig.ts";

setDefaultTimeout(30_000);

const LABS = "labs@example.com";
const LABS_PASSWORD = "labs # passw0rd";

/** YAML, as JSON is. */
function accounts(...list: readonly object[]): string {
  return JSON.stringify({ accounts: list });
}

const SHOP = { name: "shop", id: ACCOUNT, password: PASSWORD, zones: ["DX-M1", "DX-Central"] };
const LABS_FILE = { name: "labs", id: LABS, password_file: "labs-password", zones: ["DX-G"] };

function createLabs() {
  const rig = createRig();
  rig.hide(LABS);
  rig.hide(LABS_PASSWORD);
  rig.cloud.turn({ accounts: [{ account: LABS, password: LABS_PASSWORD }] });
  return rig;
}

/** Accounts and zones of a page that answer. */
function answering(page: string): string[] {
  return samples(page, "ktcloud_zone_up")
    .filter((line) => line.endsWith(" 1"))
    .map((line) => `${label(line, "account")}/${label(line, "zone")}`)
    .sort();
}

function label(line: string, name: string): string | undefined {
  return new RegExp(`[{,]${name}="([^"]*)"`).exec(line)?.[1];
}

const zonesAre =
  (...wanted: readonly string[]) =>
  (page: string) =>
    samples(page, "ktcloud_zone_up").length === wanted.length &&
    answering(page).join() === [...wanted].sort().join();

const lastReload = async (exporter: Exporter) =>
  sample((await exporter.ask("/-/metrics")).text, "exporter_config_last_reload_successful");

describe("several accounts", () => {
  test("give one page in which every series of a zone names its account", async () => {
    await using rig = createLabs();
    rig.write("labs-password", `${LABS_PASSWORD}\n`);
    const file = rig.write("accounts.yaml", accounts(SHOP, LABS_FILE));
    const exporter = await rig.start([`--config.file=${file}`]);
    const all = ["shop/DX-M1", "shop/DX-Central", "labs/DX-G"];
    const page = await exporter.page("all zones answer", zonesAre(...all));
    expect(sample(page, "ktcloud_lb_total_count")).toBe(18);
    const lines = page.split("\n").filter((line) => /[{,]zone="/.test(line));
    // The one inherited metric that tells of the exporter and not of a zone.
    const named = lines.filter((line) => !line.startsWith("ktcloud_lb_exporter_info_info"));
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter((line) => !/[{,]account="(?:shop|labs)"/.test(line))).toEqual([]);
    const status = await exporter.ask("/");
    expect(status.text).toContain("All 3 zones answer");
  });
});

describe("a change", () => {
  test("of the file is followed: a zone more, and one that is gone from the next page", async () => {
    await using rig = createLabs();
    rig.write("labs-password", LABS_PASSWORD);
    const file = rig.write("accounts.yaml", accounts(SHOP));
    const exporter = await rig.start([`--config.file=${file}`]);
    await exporter.page("two zones", zonesAre("shop/DX-M1", "shop/DX-Central"));
    rig.write("accounts.yaml", accounts({ ...SHOP, zones: ["DX-M1"] }, LABS_FILE));
    const page = await exporter.page("one went, one came", zonesAre("shop/DX-M1", "labs/DX-G"));
    expect(page).not.toContain("DX-Central");
    const { reason, added, removed } = await exporter.logged(
      ({ msg }) => msg === "Configuration reloaded",
    );
    expect({ reason, added, removed }).toEqual({
      reason: "file",
      added: ["labs/DX-G"],
      removed: ["shop/DX-Central"],
    });
  });

  test("by the kubelet, which swaps all files at once, is followed", async () => {
    await using rig = createLabs();
    const wrong = "not the passw0rd";
    rig.hide(wrong);
    using mount = mountDirectory({ "accounts.yaml": accounts(SHOP), "labs-password": wrong });
    const exporter = await rig.start([`--config.file=${join(mount.directory, "accounts.yaml")}`]);
    await exporter.page("two zones", zonesAre("shop/DX-M1", "shop/DX-Central"));
    mount.swap({ "accounts.yaml": accounts(LABS_FILE), "labs-password": LABS_PASSWORD });
    await exporter.page("the other account", zonesAre("labs/DX-G"));
    mount.swap({ "accounts.yaml": accounts(SHOP), "labs-password": wrong });
    await exporter.page("the first one again", zonesAre("shop/DX-M1", "shop/DX-Central"));
    expect(await lastReload(exporter)).toBe(1);
  });

  test("of a password in its file is followed, without a wait for the failed login", async () => {
    await using rig = createLabs();
    rig.write("labs-password", LABS_PASSWORD);
    const file = rig.write("accounts.yaml", accounts(LABS_FILE));
    const exporter = await rig.start([`--config.file=${file}`, "--collect.interval=20s"]);
    await exporter.page("the zone answers", zonesAre("labs/DX-G"));
    const next = "r0tated\tpassw0rd";
    rig.hide(next);
    rig.cloud.turn({ accounts: [{ account: LABS, password: next }] });
    rig.cloud.revokeTokens();
    const issued = rig.cloud.tokensIssued();
    rig.write("labs-password", `${next}\n`);
    await eventually("a login with the new password", () => rig.cloud.tokensIssued() > issued);
    await exporter.page("a page by it", (page) => {
      const tokens = sample(page, 'ktcloud_api_tokens_issued_total{zone="DX-G",account="labs"}');
      return zonesAre("labs/DX-G")(page) && tokens === 2;
    });
    const { changed } = await exporter.logged(({ msg }) => msg === "Configuration reloaded");
    expect(changed).toEqual(["labs/DX-G"]);
  });

  test("in the middle of a collection that hangs is in force at once", async () => {
    await using rig = createLabs();
    rig.cloud.turn({ faults: [{ kind: "stall", zone: "d1" }] });
    const file = rig.write("accounts.yaml", accounts(SHOP));
    const slow = ["--collect.interval=5m", "--collect.timeout=4m"];
    const exporter = await rig.start([`--config.file=${file}`, ...slow]);
    await eventually("a call hangs", () => rig.cloud.counts.byZone.d1.token > 0);
    rig.write("accounts.yaml", accounts({ ...SHOP, zones: ["DX-Central"] }));
    await exporter.page("the zone that answers", zonesAre("shop/DX-Central"));
    expect(await lastReload(exporter)).toBe(1);
    expect((await exporter.ask("/-/ready")).status).toBe(200);
  });
});

describe("a new file that cannot be used", () => {
  const inline = "hidden-in-the-bad-file";
  const bad: readonly (readonly [name: string, text: string, problem: string])[] = [
    ["a key that is none", accounts({ ...SHOP, passwrd: inline }), "passwrd: unknown key"],
    ["no YAML", `accounts: [{name: shop, password: "${inline}`, "accounts.yaml:1:"],
    ["nothing", "", "accounts.yaml:1:1: "],
    ["not text", "\xff\xfe\0\x01", "accounts.yaml:1:"],
    ["a zone that is none", accounts({ ...SHOP, zones: ["dx-m1"] }), "did you mean DX-M1?"],
    ["the same account twice", accounts(SHOP, SHOP), "accounts[1].name"],
    ["a secret that is not there", accounts(LABS_FILE), "labs-password"],
    ["too large", `# ${inline.repeat(20_000)}`, "larger than 262144 bytes"],
    ["a number for a password", "accounts: [{name: a, id: b, password: 86753099}]", "password"],
  ];

  test("changes nothing, and everybody is told, whatever is wrong with it", async () => {
    await using rig = createRig();
    rig.hide("86753099");
    rig.hide(inline);
    const file = rig.write("accounts.yaml", accounts(SHOP));
    const exporter = await rig.start([`--config.file=${file}`]);
    const asBefore = zonesAre("shop/DX-M1", "shop/DX-Central");
    await exporter.page("two zones", asBefore);
    for (const [name, text, problem] of bad) {
      rig.write("accounts.yaml", text);
      const answer = await exporter.ask("/-/reload", { method: "POST" });
      expect([name, answer.status]).toEqual([name, 500]);
      expect(answer.text).toStartWith("Configuration not reloaded:\n  ");
      expect(answer.text).toContain(problem);
      expect(await lastReload(exporter)).toBe(0);
      expect((await exporter.ask("/-/ready")).status).toBe(200);
      const { text: status } = await exporter.ask("/");
      expect(status).toContain("The configuration as it is now is not in force");
    }
    const before = timestamp((await exporter.ask("/metrics")).text);
    const later = await exporter.page("a later page", (page) => timestamp(page) > before);
    expect(asBefore(later)).toBe(true);

    rig.write("accounts.yaml", accounts({ ...SHOP, zones: ["DX-G"] }));
    await exporter.page("the next good one is taken", zonesAre("shop/DX-G"));
    expect(await lastReload(exporter)).toBe(1);
    expect((await exporter.ask("/")).text).not.toContain("is not in force");
  });
});

function timestamp(page: string): number {
  return sample(page, "ktcloud_snapshot_timestamp_seconds") ?? 0;
}
