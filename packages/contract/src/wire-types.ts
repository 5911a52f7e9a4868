import type { z } from "zod";
import type { RouteShape } from "./route.ts";
import type { OperationName, Routes } from "./routes.ts";

type Present<T> = { [K in keyof T as T[K] extends never ? never : K]: T[K] };

/** What a caller gives to a route. Query values are given as what they mean (numbers, booleans), not as text. */
export type RequestOf<R extends RouteShape> = Present<{
  readonly params: R extends { params: infer P extends z.ZodType } ? z.output<P> : never;
  readonly body: R extends { body: infer B extends z.ZodType } ? z.input<B> : never;
}> &
  (R extends { query: infer Q extends z.ZodType } ? { readonly query?: Partial<z.output<Q>> } : unknown) &
  (R extends { headers: infer H extends z.ZodType } ? { readonly headers?: z.input<H> } : unknown);

type BodyOf<T> = T extends { schema: infer S extends z.ZodType } ? z.output<S> : undefined;

/** What a route answers when it does not refuse, told apart by status. */
export type AnswerOf<R extends RouteShape> = {
  [S in keyof R["responses"] & number]: { readonly status: S; readonly body: BodyOf<R["responses"][S]> };
}[keyof R["responses"] & number];

/** Routes that can be followed as a stream of events. */
export type StreamName = { [K in OperationName]: Routes[K] extends { stream: z.ZodType } ? K : never }[OperationName];

/** One item of a stream. */
export type StreamItemOf<R extends RouteShape> = R extends { stream: infer S extends z.ZodType } ? z.output<S> : never;

/** Routes whose answer is a file. */
export type FileName = {
  [K in OperationName]: Routes[K] extends { file: Readonly<Record<string, string>> } ? K : never;
}[OperationName];
