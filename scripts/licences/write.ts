/** Writes `dist/licences/<component>.txt`: `bun scripts/licences/write.ts [COMPONENT…]`. */
import { mkdir, writeFile } from "node:fs/promises";
import { componentsOf } from "../build.ts";
import { renderNotices } from "./notices.ts";
import { LicenceError } from "./package.ts";

const DIRECTORY = "dist/licences";

async function main(named: readonly string[]): Promise<number> {
  try {
    await mkdir(DIRECTORY, { recursive: true });
    for (const component of componentsOf(named)) {
      await writeFile(`${DIRECTORY}/${component}.txt`, await renderNotices(component));
    }
    return 0;
  } catch (error) {
    if (!(error instanceof LicenceError || error instanceof RangeError)) throw error;
    console.error(error.message);
    return 1;
  }
}

process.exit(await main(process.argv.slice(2)));
