/** A program's life, in real processes: signals, failures, teardown, exit codes. */
import { describe, expect, test } from "bun:test";
import { runProcess, startProcess } from "./testing/process.ts";

const PROGRAM = ["bun", `${import.meta.dir}/testdata/program.ts`, "--log-format=json"];

describe("runComponent()", () => {
  test.each(["SIGTERM", "SIGINT"] as const)(
    "on %s tears down in reverse order and exits with 0",
    async (signal) => {
      await using program = startProcess([...PROGRAM, "--mode=wait"]);
      await program.logged(({ msg }) => msg === "Running");
      program.kill(signal);
      const { code, stderr } = await program.ended();
      expect(code).toBe(0);
      expect(messages(stderr)).toEqual([
        "Running",
        "Stopping",
        "Body left",
        "Second closed",
        "First closed",
      ]);
    },
  );

  test("exits with 0 and a warning when the teardown hangs", async () => {
    await using program = startProcess([...PROGRAM, "--mode=hang"]);
    await program.logged(({ msg }) => msg === "Running");
    program.kill("SIGTERM");
    const { code, stderr } = await program.ended();
    expect(code).toBe(0);
    expect(messages(stderr)).toContain("Teardown did not end in time");
  });

  test("exits with 1 at once on a second signal", async () => {
    await using program = startProcess([...PROGRAM, "--mode=linger"]);
    await program.logged(({ msg }) => msg === "Running");
    program.kill("SIGTERM");
    await program.logged(({ msg }) => msg === "Stopping");
    program.kill("SIGINT");
    const { code, stderr } = await program.ended();
    expect(code).toBe(1);
    expect(messages(stderr).at(-1)).toBe("Second signal, ending at once");
  });

  test.each([
    ["throw", "Ending after a failure"],
    ["fail", "Ending after a failure"],
    ["reject", "Ending after a failure"],
  ])("exits with 1 and still tears down when the body does %p", async (mode, message) => {
    const { code, stderr } = await runProcess([...PROGRAM, `--mode=${mode}`]);
    expect(code).toBe(1);
    expect(messages(stderr)).toEqual(["Running", message, "Second closed", "First closed"]);
  });

  test("exits with 78, and still tears down, when the body finds its configuration unusable", async () => {
    const { code, stderr } = await runProcess([...PROGRAM, "--mode=misconfigured"]);
    expect(code).toBe(78);
    expect(messages(stderr)).toEqual(["Running", "Second closed", "First closed"]);
    expect(stderr).toContain(
      "program: cannot start, 1 problem in the configuration:\n  --x: is wrong\n",
    );
  });

  test("exits with 0 when the body ends by itself", async () => {
    const { code, stderr } = await runProcess([...PROGRAM, "--mode=done"]);
    expect(code).toBe(0);
    expect(messages(stderr)).toEqual(["Running", "Second closed", "First closed"]);
  });

  test("loses no line of the log at exit, however slow its reader", async () => {
    const { stderr } = await runProcess([...PROGRAM, "--mode=chatter"]);
    expect(messages(stderr).filter((msg) => msg.startsWith("Line "))).toHaveLength(20_000);
  });
});

function messages(stderr: string): string[] {
  const lines = stderr.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => (JSON.parse(line) as { msg: string }).msg);
}
