import { Option } from "@commander-js/extra-typings";

const ENGINES = ["elasticsearch", "opensearch"] as const;

export const engineOption = () => new Option("--engine <engine>", "what it runs").choices(ENGINES);
