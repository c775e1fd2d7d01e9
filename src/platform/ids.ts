/** A string that means one thing only: `Brand<string, 'JobId'>` cannot be passed where a `KbName` is wanted. */
export type Brand<T, Name extends string> = T & { readonly __brand: Name };
