import { describe, expect, test } from "bun:test";
import { commandsIn, programsIn, quotedIn } from "./commands.ts";

describe("commandsIn()", () => {
  test.each([
    ["kubectl -n a exec deploy/b -- b get /metrics | grep x", "b", []],
    ["kubectl exec -n a -i deploy/b -- b explain -f - < pod.yaml", "b", []],
    ["run `kubectl exec deploy/b -- b check` now", "b", []],
    [
      "kubectl exec deploy/b -- b --config.file=/etc/b/a.yaml --check   # says why",
      "b",
      ["/etc/b/a.yaml"],
    ],
    ["kubectl exec deploy/b -- cat /etc/b/a.yaml", "cat", ["/etc/b/a.yaml"]],
  ])("reads %s", (text, program, files) => {
    expect(commandsIn(text)).toMatchObject([{ program, files: [...files] }]);
  });

  test("finds none where nothing is run in a container", () => {
    expect(commandsIn("kubectl get pods -- all\n`kubectl exec` runs a program")).toEqual([]);
  });
});

test("quotedIn() reads commands, and leaves names in a template alone", () => {
  const words = 'Run "b check" in {{ $labels.pod }}{{ with "{{ . }}" }}: it says why.';
  expect(quotedIn(words)).toMatchObject([{ program: "b", files: [] }]);
});

test("programsIn() reads the names that the Dockerfile gives", () => {
  expect(programsIn("case a in \\\n  a) name=long-a ;; \\\n  b) name=b ;; \\\n esac")).toEqual([
    "long-a",
    "b",
  ]);
});
