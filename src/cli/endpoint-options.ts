import type { Command } from 'commander';
import { z } from 'zod';
import { dialectOf, findPreset, PRESETS, type Preset } from '../models/presets.ts';
import { type Endpoint, optionalFieldSchema } from '../models/types.ts';
import { RagtuiError } from '../platform/errors.ts';
import { keyStoreSchema } from '../platform/secrets.ts';
import { collect } from './define.ts';

const whole = z.coerce.number('a number').int('a whole number').positive('more than 0');
const seconds = z.coerce.number('a number of seconds').positive('more than 0');
const price = z.coerce.number('a price per million tokens').nonnegative('0 or more');

/** What can be taken off an endpoint again. */
const CLEARABLE = ['key', 'prices', 'limits', 'timeouts', 'dialect', 'context', 'pool'] as const;

/** Options that describe an endpoint, of `models add` and `models set`. */
export const endpointOptions = {
  url: z.string().optional(),
  also: z.array(z.string()).optional(),
  preset: z.string().optional(),
  model: z.string().min(1).optional(),
  keyEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'the NAME of an environment variable, never the key itself')
    .optional(),
  keyStore: keyStoreSchema.optional(),
  queryInstruction: z.string().optional(),
  context: whole.optional(),
  priceIn: price.optional(),
  priceOut: price.optional(),
  priceCached: price.optional(),
  currency: z
    .string()
    .regex(/^[A-Za-z]{3}$/, 'three letters, like USD')
    .transform((text) => text.toUpperCase())
    .optional(),
  concurrency: whole.optional(),
  rpm: whole.optional(),
  tpm: whole.optional(),
  connectTimeout: seconds.optional(),
  firstByteTimeout: seconds.optional(),
  stallTimeout: seconds.optional(),
  omit: z.array(optionalFieldSchema).optional(),
  maxTokensField: z.enum(['max_tokens', 'max_completion_tokens']).optional(),
};
const optionsSchema = z.object(endpointOptions);
export type EndpointOptions = z.output<typeof optionsSchema>;

export const clearOption = z.array(z.enum(CLEARABLE)).default([]);
export type Clearable = z.output<typeof clearOption>[number];

/** Adds those options to a command. */
export function describeEndpoint(command: Command): Command {
  return command
    .option('--url <url>', 'of the server: the base of its API, with /v1')
    .option(
      '--also <url>',
      'another server of the very same model, asked as one with the first (may be repeated)',
      collect,
    )
    .option('--preset <id>', `a well-known server: ${PRESETS.map(({ id }) => id).join(', ')}`)
    .option('--model <name>', 'what the server calls it')
    .option('--key-env <variable>', 'environment variable that holds the key')
    .option(
      '--key-store <where>',
      'keep the key in a "file" (0600, beside config.toml) or the "keyring"; it is asked for',
    )
    .option('--query-instruction <text>', 'of an embedding model: put before each query')
    .option('--context <tokens>', 'of prompt and answer together')
    .option('--price-in <amount>', 'per million tokens of prompts')
    .option('--price-out <amount>', 'per million tokens of answers')
    .option('--price-cached <amount>', "per million tokens of prompts in the server's cache (default: as --price-in)")
    .option('--currency <code>', 'of the prices (default: USD)')
    .option('--concurrency <n>', 'requests at a time')
    .option('--rpm <n>', 'requests a minute')
    .option('--tpm <n>', 'tokens a minute')
    .option('--connect-timeout <seconds>', 'until a connection stands (default: 10)')
    .option('--first-byte-timeout <seconds>', 'from a request to the first byte (default: 300)')
    .option('--stall-timeout <seconds>', 'between one byte and the next (default: 120)')
    .option('--omit <field>', 'a field the server does not take: seed, temperature, … (may be repeated)', collect)
    .option('--max-tokens-field <name>', 'max_tokens or max_completion_tokens');
}

/** The preset of an id; `undefined` for none. Errors: `usage`. */
export function presetNamed(id: string | undefined): Preset | undefined {
  if (id === undefined) return undefined;
  const preset = findPreset(id);
  if (preset) return preset;
  throw new RagtuiError('usage', `There is no preset "${id}".`, `Known: ${PRESETS.map((one) => one.id).join(', ')}.`);
}

/** An endpoint with what the options say; what they do not say stays. Pure. Errors: `usage` for half a price. */
export function withOptions(endpoint: Endpoint, options: EndpointOptions): Endpoint {
  const { url, model, preset, keyEnv, keyStore, queryInstruction, context } = options;
  const next: Endpoint = {
    ...endpoint,
    ...defined({ url, model, preset, queryInstruction, contextTokens: context, alsoAt: options.also }),
    ...defined({
      prices: prices(endpoint, options),
      limits: merged(endpoint.limits, {
        concurrency: options.concurrency,
        requestsPerMinute: options.rpm,
        tokensPerMinute: options.tpm,
      }),
      timeouts: merged(endpoint.timeouts, {
        connect: options.connectTimeout,
        firstByte: options.firstByteTimeout,
        stall: options.stallTimeout,
      }),
    }),
  };
  const { omit, maxTokensField } = options;
  if (omit || maxTokensField) {
    const before = dialectOf(next);
    next.dialect = {
      omit: [...new Set([...before.omit, ...(omit ?? [])])],
      maxTokensField: maxTokensField ?? before.maxTokensField,
    };
  }
  if (keyEnv !== undefined && keyStore !== undefined) {
    throw new RagtuiError('usage', 'A key is kept in one place.', 'Give --key-env or --key-store.');
  }
  if (keyEnv !== undefined) return { ...cleared(next, ['key']), keyEnv };
  if (keyStore !== undefined) return { ...cleared(next, ['key']), keyStore };
  return next;
}

/** An endpoint without what is taken off. Pure. */
export function cleared(endpoint: Endpoint, what: readonly Clearable[]): Endpoint {
  const { keyEnv, keyStore, prices, limits, timeouts, dialect, contextTokens, alsoAt, ...rest } = endpoint;
  const keeps = (one: Clearable): boolean => !what.includes(one);
  return {
    ...rest,
    ...(keeps('key') ? defined({ keyEnv, keyStore }) : {}),
    ...(keeps('prices') ? defined({ prices }) : {}),
    ...(keeps('pool') ? defined({ alsoAt }) : {}),
    ...(keeps('limits') ? defined({ limits }) : {}),
    ...(keeps('timeouts') ? defined({ timeouts }) : {}),
    ...(keeps('dialect') ? defined({ dialect }) : {}),
    ...(keeps('context') ? defined({ contextTokens }) : {}),
  };
}

function prices(endpoint: Endpoint, { priceIn, priceOut, priceCached, currency }: EndpointOptions): Endpoint['prices'] {
  if ([priceIn, priceOut, priceCached, currency].every((one) => one === undefined)) return undefined;
  const input = priceIn ?? endpoint.prices?.input;
  const output = priceOut ?? endpoint.prices?.output;
  if (input === undefined || output === undefined) {
    throw new RagtuiError('usage', 'A price has two sides.', 'Give --price-in and --price-out, per million tokens.');
  }
  const cachedInput = priceCached ?? endpoint.prices?.cachedInput;
  return { input, output, currency: currency ?? endpoint.prices?.currency ?? 'USD', ...defined({ cachedInput }) };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what is undefined. */
function defined<T extends object>(values: T): Defined<T> {
  const result: Defined<T> = {};
  for (const key in values) {
    const value = values[key];
    if (isDefined(value)) result[key] = value;
  }
  return result;
}

const isDefined = <V>(value: V): value is Exclude<V, undefined> => value !== undefined;

function merged<T extends object>(before: Partial<T> | undefined, change: T): Defined<T> | undefined {
  const next: Defined<T> = { ...(before ? defined<Partial<T>>(before) : {}), ...defined(change) };
  return Object.keys(next).length > 0 ? next : undefined;
}
