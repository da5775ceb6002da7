/** A headless Chromium for a test, spoken to by the DevTools protocol over a WebSocket. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "../shared/testing/eventually.ts";
import { createSession, type Session } from "./devtools.ts";

const PROGRAMS = ["chromium", "chromium-browser", "google-chrome"];

/** A browser that is ended when this is disposed of. */
export interface Browser extends AsyncDisposable {
  /** Opens an empty tab. */
  open(): Promise<Tab>;
}

/** How a tab is to look at pages. */
export interface View {
  /** In CSS pixels. */
  readonly width: number;
  readonly scheme: "light" | "dark";
  readonly scripts: boolean;
}

/** One tab. */
export interface Tab {
  /** Loads a page and waits until it is loaded. */
  load(url: string, view: View): Promise<void>;
  /**
   * The JSON value of an expression, which may be a promise. It is evaluated from outside the page, so
   * that it also works where the page's own scripts are turned off.
   */
  evaluate(expression: string): Promise<unknown>;
  /** Clicks on the middle of the first element that fits. */
  click(selector: string): Promise<void>;
  /** Presses and releases a key of that name, `Enter`, where the focus is. */
  press(key: "Enter"): Promise<void>;
  /** A picture of the whole page, as a PNG. */
  picture(): Promise<Uint8Array>;
  /** Errors and warnings of the console and of the browser since the last `load`, CSP violations among them. */
  complaints(): readonly string[];
}

/** Starts it. Throws with a word on how to get Chromium where there is none. */
export async function startChromium(): Promise<Browser> {
  const program = PROGRAMS.map((name) => Bun.which(name)).find((path) => path !== null);
  if (program === undefined) {
    throw new Error(
      `No Chromium on the PATH, looked for ${PROGRAMS.join(", ")}. Debian: apt-get install chromium; macOS: brew install chromium`,
    );
  }
  await using stack = new AsyncDisposableStack();
  const home = await mkdtemp(join(tmpdir(), "every-scrape-whole-chromium-"));
  stack.defer(() => rm(home, { recursive: true, force: true, maxRetries: 5 }));
  const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
  const quiet = ["--no-first-run", "--disable-background-networking", "--hide-scrollbars"];
  const child = Bun.spawn(
    [program, ...flags, ...quiet, "--remote-debugging-port=0", `--user-data-dir=${home}`],
    { env: { PATH: process.env.PATH ?? "", HOME: home }, stdio: ["ignore", "ignore", "ignore"] },
  );
  stack.defer(async () => {
    child.kill("SIGKILL");
    await child.exited;
  });
  const session = await createSession(await addressOf(home, child));
  stack.defer(() => session.close());
  const owned = stack.move();
  return {
    open: () => openTab(session),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Chromium writes the port it took, and a path, into a file of its profile. */
async function addressOf(home: string, child: Bun.Subprocess): Promise<string> {
  const lines = await eventually(
    "Chromium listens for the DevTools protocol",
    async () => {
      if (child.exitCode !== null) throw new Error(`Chromium ended with code ${child.exitCode}`);
      // A new one each time: it remembers the size that it saw first.
      const file = Bun.file(join(home, "DevToolsActivePort"));
      const [port, path] = (await file.exists()) ? (await file.text()).split("\n") : [];
      return port && path ? { port, path } : undefined;
    },
    30_000,
  );
  return `ws://127.0.0.1:${lines.port}${lines.path}`;
}

async function openTab(browser: Session): Promise<Tab> {
  const { targetId } = await browser.call("Target.createTarget", { url: "about:blank" });
  const attached = await browser.call("Target.attachToTarget", { targetId, flatten: true });
  const session = browser.of(String(attached.sessionId));
  let complaints: string[] = [];
  session.on("Log.entryAdded", ({ entry }) => complaints.push(JSON.stringify(entry)));
  session.on("Runtime.consoleAPICalled", (call) => complaints.push(JSON.stringify(call)));
  session.on("Runtime.exceptionThrown", (thrown) => complaints.push(JSON.stringify(thrown)));
  for (const domain of ["Page", "Log", "Runtime"]) await session.call(`${domain}.enable`);

  return {
    evaluate: (expression) => evaluate(session, expression),
    complaints: () => complaints,
    load: async (url, view) => {
      complaints = [];
      await applyView(session, view);
      const loaded = session.next("Page.loadEventFired");
      const { errorText } = await session.call("Page.navigate", { url });
      if (errorText !== undefined) throw new Error(`${url}: ${JSON.stringify(errorText)}`);
      await loaded;
    },
    click: (selector) => click(session, selector),
    press: async (key) => {
      const event = { key, code: key, windowsVirtualKeyCode: 13, text: "\r" };
      await session.call("Input.dispatchKeyEvent", { type: "keyDown", ...event });
      await session.call("Input.dispatchKeyEvent", { type: "keyUp", ...event });
    },
    picture: async () => {
      const options = { format: "png", captureBeyondViewport: true };
      const { data } = await session.call("Page.captureScreenshot", options);
      return Buffer.from(String(data), "base64");
    },
  };
}

async function evaluate(session: Session, expression: string): Promise<unknown> {
  const options = { expression, returnByValue: true, awaitPromise: true };
  const { result, exceptionDetails } = await session.call("Runtime.evaluate", options);
  if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
  return (result as { value?: unknown }).value;
}

async function click(session: Session, selector: string): Promise<void> {
  const place = `(() => {
    const one = document.querySelector(${JSON.stringify(selector)});
    one.scrollIntoView({ block: "center" });
    const { x, y, width, height } = one.getBoundingClientRect();
    return { x: x + width / 2, y: y + height / 2 };
  })()`;
  const at = (await evaluate(session, place)) as { x: number; y: number };
  const button = { ...at, button: "left", clickCount: 1 };
  await session.call("Input.dispatchMouseEvent", { type: "mousePressed", ...button });
  await session.call("Input.dispatchMouseEvent", { type: "mouseReleased", ...button });
}

async function applyView(session: Session, { width, scheme, scripts }: View): Promise<void> {
  const metrics = { width, height: 800, deviceScaleFactor: 1, mobile: width < 600 };
  await session.call("Emulation.setDeviceMetricsOverride", metrics);
  const features = [{ name: "prefers-color-scheme", value: scheme }];
  await session.call("Emulation.setEmulatedMedia", { features });
  await session.call("Emulation.setScriptExecutionDisabled", { value: !scripts });
}
