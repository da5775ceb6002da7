import { expect, test } from "bun:test";
import { run, runToEnd } from "./run.ts";

test("runToEnd() keeps what a program has said, however it ends", async () => {
  const script = "echo out; echo err >&2; pwd; exit 3";
  expect(await runToEnd(["sh", "-c", script], { cwd: "/" })).toEqual({
    code: 3,
    stdout: "out\n/\n",
    stderr: "err\n",
  });
});

test("runToEnd() gives this process' environment, or all of the one that is wanted", async () => {
  const show = ["sh", "-c", 'echo "$HOME,$ONLY"'];
  expect((await runToEnd(show)).stdout).toBe(`${process.env.HOME},\n`);
  const env = { PATH: process.env.PATH, ONLY: "this" };
  expect((await runToEnd(show, { env })).stdout).toBe(",this\n");
});

test("run() gives what was printed, or throws all that was said", async () => {
  expect(await run(["sh", "-c", "echo ' yes '"])).toBe("yes");
  const failed = await run(["sh", "-c", "echo out; echo err >&2; exit 3"]).catch(String);
  expect(failed).toBe("Error: sh -c echo out; echo err >&2; exit 3 ended with 3:\nout\nerr\n");
});

test("what a script needs of shared/testing, only scripts that check or measure need", async () => {
  const scan = new Bun.Glob("**/*.ts").scan(import.meta.dir);
  const importing: string[] = [];
  for await (const path of scan) {
    if (/\.test\.ts$|^testing\//.test(path)) continue;
    const text = await Bun.file(`${import.meta.dir}/${path}`).text();
    if (text.includes("shared/testing/")) importing.push(path);
  }
  expect(importing.sort()).toEqual(["images/check.ts", "images/starts.ts", "sizes/starts.ts"]);
});
