/** A program's definition -> its `--help` page and the Markdown table of its flags. */
import type { Flag, Program } from "./flags.ts";
import { environmentName } from "./flags.ts";

const WIDTH = 96;

/** The text of `--help`: what the program does, each flag with default and variable, examples. */
export function renderHelp(definition: Program): string {
  const { name, about, flags, prefix, examples, operand, commands = {} } = definition;
  const all = Object.values(flags);
  const usages = [
    `Usage: ${[name, operand, "[flags]"].filter(Boolean).join(" ")}`,
    ...Object.keys(commands).map((command) => `       ${name} ${command} [flags]`),
  ];
  const sections = [wrap(about, ""), usages.join("\n")];
  const others = Object.entries(commands).map(([command, text]) => plain(command, text));
  if (others.length > 0) {
    sections.push(`Commands, each with a --help of its own:\n${others.join("\n")}`);
  }
  sections.push(
    `Flags, each with the environment variable read where the flag is not given:\n${all
      .filter((flag) => !flag.secret)
      .map((flag) => entry(`${short(flag)}--${flag.flag}${value(flag)}`, flag, prefix))
      .join(
        "\n",
      )}\n${plain("--help", "Show this page.")}\n${plain("--version", "Show the version.")}`,
  );
  const secrets = all.filter((flag) => flag.secret);
  if (secrets.length > 0) {
    sections.push(
      `Environment only, because a command line can be read by others:\n${secrets
        .map((flag) => secretEntry(flag, prefix))
        .join("\n")}`,
    );
  }
  if (examples) sections.push(`Examples:\n${examples.map((line) => `  ${line}`).join("\n")}`);
  return `${sections.join("\n\n")}\n`;
}

/** The flags as a Markdown table: flag, variable, default, meaning. */
export function renderTable(definition: Program): string {
  const rows = Object.values(definition.flags).map((flag) => {
    const name = environmentName(definition.prefix, flag);
    const cells = [
      flag.secret ? "" : `\`--${flag.flag}\``,
      flag.secret ? `\`${name}\`, \`${name}_FILE\`` : `\`${name}\``,
      defaultCell(flag),
      flag.help,
    ];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return ["| flag | environment | default | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

function defaultCell(flag: Flag<unknown>): string {
  if (flag.default === undefined) return flag.optional ?? "required";
  return flag.default === "" ? "" : `\`${flag.default}\``;
}

function need({ optional = "required" }: Flag<unknown>): string {
  return `${optional.charAt(0).toUpperCase()}${optional.slice(1)}.`;
}

function short(flag: Flag<unknown>): string {
  return flag.short === undefined ? "" : `-${flag.short}, `;
}

function value(flag: Flag<unknown>): string {
  return flag.bare === undefined ? ` ${flag.placeholder}` : `[=${flag.placeholder}]`;
}

function entry(head: string, flag: Flag<unknown>, prefix: string): string {
  const given = flag.default === undefined ? need(flag) : `Default: ${flag.default || "none"}.`;
  return plain(head, `${flag.help} ${given} [${environmentName(prefix, flag)}]`);
}

function secretEntry(flag: Flag<unknown>, prefix: string): string {
  const name = environmentName(prefix, flag);
  const given = flag.default === undefined ? need(flag) : "";
  return plain(name, `${flag.help} ${given} Or ${name}_FILE: a file that holds it.`);
}

function plain(head: string, text: string): string {
  return `  ${head}\n${wrap(text, "      ")}`;
}

function wrap(text: string, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line !== "" && indent.length + line.length + 1 + word.length > WIDTH) {
      lines.push(indent + line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  lines.push(indent + line);
  return lines.join("\n");
}
