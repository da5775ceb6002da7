/** A text of any kind -> the lines that look like a credential by their form. */

const FORMS: readonly (readonly [what: string, form: RegExp])[] = [
  ["a private key", /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY/],
  ["a key of AWS", /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ["a token of GitHub", /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22})/],
  ["a token of GitLab", /\bgl(?:pat|dt|rt|cbt|ptt)-[\w-]{20}/],
  ["a token of Slack", /\bxox[abprs]-[\w-]{10}/],
  ["a token of npm", /\bnpm_[A-Za-z0-9]{36}/],
  ["a key of Google", /\bAIza[\w-]{35}/],
  ["a JSON web token", /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\./],
  ["a hash of a password", /\$(?:2[abxy]|argon2\w*|[156])\$[^\s$]+\$?[./\w]{8}/],
  ["a password in a URL", /\w:\/\/[^\s/:@"'<>$]+:[^\s/@"'<>${]+@/],
  [
    "a password in clear",
    /\b(?:password|passwd|client[-_]?secret|api[-_]?key)\s*[:=]\s*["']?(?!["'\s]|REPLACE-ME|\$|\{\{|<)[^\s"'#]*[\d!@%^&*][^\s"'#]*/i,
  ],
];

/** `line N: what it looks like`; the text itself is not repeated. */
export function findSecrets(text: string): readonly string[] {
  return text
    .split("\n")
    .flatMap((line, index) =>
      FORMS.filter(([, form]) => form.test(line) && !line.includes("REPLACE-ME")).map(
        ([what]) => `line ${index + 1}: ${what}`,
      ),
    );
}
