/** A thread that cannot even be loaded. */
throw new Error("there is no solver here");
