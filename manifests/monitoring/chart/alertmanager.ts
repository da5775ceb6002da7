/** A route of Alertmanager and an alert's labels -> the receivers that get it. */

export interface Route {
  readonly receiver?: string;
  readonly matchers?: readonly string[];
  readonly continue?: boolean;
  readonly routes?: readonly Route[];
}

type Labels = Readonly<Record<string, string>>;

/** As Alertmanager walks: depth first, on to the next sibling only after one that says `continue`. */
export function receiversOf(route: Route, labels: Labels, inherited = ""): readonly string[] {
  const { receiver = inherited, routes = [] } = route;
  const found: string[] = [];
  for (const child of routes.filter((one) => fits(one, labels))) {
    found.push(...receiversOf(child, labels, receiver));
    if (child.continue !== true) break;
  }
  return found.length > 0 ? found : [receiver];
}

function fits({ matchers = [] }: Route, labels: Labels): boolean {
  return matchers.every((matcher) => {
    const parts = /^(\w+)\s*(=~|!~|!=|=)\s*"(.*)"$/.exec(matcher);
    if (parts === null)
      throw new SyntaxError(`No matcher with its value between quotes: ${matcher}`);
    const [, label = "", operator = "", value = ""] = parts;
    const own = labels[label] ?? "";
    const is = operator.endsWith("~") ? new RegExp(`^(?:${value})$`).test(own) : own === value;
    return operator.startsWith("!") ? !is : is;
  });
}
