/** The webhook beside the same on Go's net/http. */
import type { Component } from "../component.ts";
import { measure } from "./measure.ts";
import { notesOf } from "./notes.ts";
import { rowsOf } from "./rows.ts";

export const webhook: Component = {
  columns: [
    { name: "webhook", title: "webhook" },
    { name: "go", title: "Go" },
  ],
  programs: ["go", "taskset"],
  processors: 2,
  measure: async (options, place) => {
    const measured = await measure(options, place);
    return { rows: rowsOf(measured), measured, notes: notesOf(measured) };
  },
};
