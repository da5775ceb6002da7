/** The exporter beside nginx, which serves its bytes, and the Python program whose metrics it keeps. */
import type { Component } from "../component.ts";
import { measure } from "./measure.ts";
import { notesOf } from "./notes.ts";
import { rowsOf } from "./rows.ts";

export const exporter: Component = {
  columns: [
    { name: "exporter", title: "exporter" },
    { name: "nginx", title: "nginx" },
    { name: "copying", title: "nginx copying" },
    { name: "python", title: "Python" },
  ],
  programs: ["nginx", "wrk", "python3", "nice"],
  pythonModules: ["prometheus_client"],
  processors: 2,
  measure: async (options, place) => {
    const measured = await measure(options, place);
    return { rows: rowsOf(measured), measured, notes: notesOf(measured) };
  },
};
