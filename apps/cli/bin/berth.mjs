#!/usr/bin/env node
import { register } from "tsx/esm/api";

register();
const { runBerth, processIo } = await import("../src/main.ts");
const code = await runBerth(process.argv.slice(2), processIo());
process.exitCode = code;
// Otherwise not process.exit: what is still on its way to a pipe must arrive. An interrupted request may hang for long.
if (code === 130) process.exit();
