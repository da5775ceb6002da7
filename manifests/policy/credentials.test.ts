/** Texts that look like credentials by their form. None of them is one: they are put together here. */
import { describe, expect, test } from "bun:test";
import { findSecrets } from "./credentials.ts";

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
const LONG = `0123456789${LETTERS}${LETTERS.toLowerCase()}`;

describe("findSecrets()", () => {
  test.each([
    ["a private key", ["-----BEGIN EC ", "PRIVATE KEY-----"]],
    ["a private key", ["-----BEGIN ENCRYPTED ", "PRIVATE KEY-----"]],
    ["a key of AWS", ["id: AK", "IA", LETTERS.slice(0, 16)]],
    ["a token of GitHub", ["token gh", "p_", LONG.slice(0, 36)]],
    ["a token of GitLab", ["gl", "pat-", LONG.slice(0, 20)]],
    ["a token of Slack", ["xo", "xb-", LONG]],
    ["a token of npm", ["np", "m_", LONG.slice(0, 36)]],
    ["a key of Google", ["AI", "za", LONG.slice(0, 35)]],
    ["a JSON web token", ["Bearer ey", "J", LONG, ".ey", "J", LONG, ".", LONG]],
    ["a hash of a password", ["admin: $2", "y$10$", LONG]],
    ["a password in a URL", ["https://user", ":hunter2", "@example.com"]],
    ["a password in clear", ["password", ": hunter2"]],
    ["a password in clear", ["# PASSWD", "=hunter2!"]],
  ])("finds %s, and does not repeat it", (what, parts) => {
    expect(findSecrets(`first\n${parts.join("")}\n`)).toEqual([`line 2: ${what}`]);
  });

  test.each([
    "password: REPLACE-ME",
    "password: REPLACE-ME-2",
    "CLOUD_PASSWORD=…",
    "password_file: shop-password",
    "passwordKey: admin-password",
    "password: {{ .password }}",
    "password: $(cat FILE)",
    "https://git.example.com/group/project.git",
    "http://$USER:$PASSWORD@localhost",
    "image: app@sha256:0123456789abcdef",
    "name: lb-exporter-token-reviewer",
    "# The password of that account, 8 to 64 characters",
  ])("finds nothing in %s", (line) => expect(findSecrets(line)).toEqual([]));
});
