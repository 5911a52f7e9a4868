import * as highs from "highs";

/** A HiGHS of its own, some 50 ms: nothing that one does shows in another. */
export const loadHighs =
  // Its types are those of its CommonJS half, where the function hangs on the default export, which here it is.
  highs.default as unknown as typeof highs.default.default;
