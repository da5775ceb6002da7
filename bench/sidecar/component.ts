/** The sidecar beside Go's ReverseProxy and nginx. */
import type { Component } from "../component.ts";
import { measure } from "./measure.ts";
import { rowsOf } from "./rows.ts";

export const sidecar: Component = {
  columns: [
    { name: "sidecar", title: "sidecar" },
    { name: "go", title: "Go" },
    { name: "nginx", title: "nginx" },
  ],
  programs: ["nginx", "wrk", "go"],
  processors: 1,
  measure: async (options, place) => {
    const measured = await measure(options, place);
    return { rows: rowsOf(measured), measured };
  },
};
