/** Ends with code 1 and a word on how to get it if a program is not on the PATH. */
const HOW: Readonly<Record<string, string>> = {
  prometheus: "Debian and Ubuntu: apt-get install prometheus; macOS: brew install prometheus",
  promtool: "it comes with prometheus: apt-get install prometheus or brew install prometheus",
  unshare: "Linux only, in the package util-linux",
  ip: "Linux only: apt-get install iproute2",
  tar: "Debian and Ubuntu: apt-get install tar; macOS has it",
  "dpkg-query": "Debian and Ubuntu only: the stand-ins for base images are made of their packages",
  curl: "Debian and Ubuntu: apt-get install curl; macOS has it",
  shellcheck: "Debian and Ubuntu: apt-get install shellcheck; macOS: brew install shellcheck",
  actionlint: "scripts/pipeline/install-linters.sh installs it into dist/tools",
  zizmor: "scripts/pipeline/install-linters.sh installs it into dist/tools",
  kubectl: "https://kubernetes.io/docs/tasks/tools/ (1.30 or later, for its kustomize)",
};

const missing = process.argv.slice(2).filter((program) => Bun.which(program) === null);
for (const program of missing) {
  console.error(`${program} is needed here and is not on the PATH. ${HOW[program] ?? ""}`);
}
process.exit(missing.length === 0 ? 0 : 1);
