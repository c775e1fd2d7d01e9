import type { Command } from 'commander';
import type { z } from 'zod';
import { RagtuiError } from '../platform/errors.ts';
import type { CommandContext } from './context.ts';

/** A command's handler returns its exit code; nothing means done. */
export type Handler<A, O> = (context: CommandContext, args: A, options: O) => Promise<number | undefined>;

/** Collects what the parser chose to run, so that parsing has no effects of its own. */
export interface Invocation {
  run: ((context: CommandContext) => Promise<number | undefined>) | undefined;
}

/** Ties a commander command to schemas of its arguments and options, and to its handler. */
export function handle<A extends z.ZodType, O extends z.ZodType>(
  command: Command,
  invocation: Invocation,
  schemas: { args: A; options: O },
  handler: Handler<z.output<A>, z.output<O>>,
): void {
  command.action(() => {
    const args = parse(schemas.args, command.processedArgs, command);
    // An option that a parent has too was taken by the parent, wherever it stood.
    const options = parse(schemas.options, command.optsWithGlobals(), command);
    invocation.run = (context) => handler(context, args, options);
  });
}

function parse<S extends z.ZodType>(schema: S, value: unknown, command: Command): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.map(String).join('.') ?? '';
  const name =
    where === '' || /^\d/.test(where)
      ? 'an argument'
      : `--${where.replace(/\..*/, '').replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
  throw new RagtuiError('usage', `${name} is not right: ${issue?.message ?? 'invalid'}.`, helpHint(command));
}

/** `Run "ragtui kb create --help".` */
export function helpHint(command: Command): string {
  const names: string[] = [];
  for (let at: Command | null = command; at; at = at.parent) names.unshift(at.name());
  return `Run "${names.join(' ')} --help" to see how it is used.`;
}

/** For options that may be given more than once. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}
