/** Must never run: a compiled executable takes nothing from the directory it is started in. */
throw new Error("preloaded");
