import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { parseJson } from '../platform/json.ts';
import { parseTrainerLogLine } from './readers/trainer-log.ts';
import { methodSchema, settingSchema, stageSchema } from './types.ts';

const curveSchema = z.object({
  steps: z.number().int(),
  /** Of the first and last step that reported one, and the lowest; absent where none did. */
  firstLoss: z.number().optional(),
  lastLoss: z.number().optional(),
  lowestLoss: z.number().optional(),
  lastEvalLoss: z.number().optional(),
});
export type Curve = z.infer<typeof curveSchema>;

/** What is known of a tune: `card.json` beside its weights. */
export const cardSchema = z.object({
  version: z.literal(1),
  name: z.string(),
  kind: z.enum(['adapter', 'model']),
  createdAt: z.iso.datetime(),
  job: z.string(),
  base: z.object({ id: z.string(), weights: z.string(), recipe: z.string() }),
  data: z.object({
    name: z.string(),
    version: z.string(),
    sha256: z.string(),
    split: z.string(),
    rows: z.number().int(),
  }),
  method: methodSchema,
  stage: stageSchema,
  /** What the engine was told, without paths. */
  settings: z.record(z.string(), settingSchema),
  template: z.object({ name: z.string(), check: z.string(), system: z.string() }),
  curve: curveSchema,
  /** Of the engine, all sessions together. */
  seconds: z.number().nullable(),
  versions: z.record(z.string(), z.string()),
  files: z.array(z.object({ name: z.string(), bytes: z.number(), sha256: z.string() })),
});
export type Card = z.infer<typeof cardSchema>;

/** The card of a tune in its folder; undefined where there is none that can be read. */
export function readCard(folder: string): Card | undefined {
  const file = path.join(folder, 'card.json');
  return existsSync(file) ? cardSchema.safeParse(parseJson(readFileSync(file, 'utf8'))).data : undefined;
}

/** What a training's log says of its curve. */
export function curveOf(log: string): Curve {
  const rows = log.split('\n').flatMap((line) => parseTrainerLogLine(line) ?? []);
  const all = (name: string) => rows.flatMap(({ values }) => values[name] ?? []);
  const losses = all('loss');
  const named = (name: keyof Curve, value: number | undefined) => (value === undefined ? {} : { [name]: value });
  return {
    steps: rows.at(-1)?.step ?? 0,
    ...named('firstLoss', losses[0]),
    ...named('lastLoss', losses.at(-1)),
    ...named('lowestLoss', losses.length > 0 ? losses.reduce((a, b) => Math.min(a, b)) : undefined),
    ...named('lastEvalLoss', all('eval_loss').at(-1)),
  };
}

/** The card for a person: `README.md` beside the weights. */
export function cardText(card: Card): string {
  const { base, data, curve, template } = card;
  const loss = [curve.firstLoss, curve.lastLoss].map((value) => value?.toFixed(4) ?? 'not reported').join(' → ');
  const facts: readonly (readonly [string, string])[] = [
    ['Kind', card.kind === 'adapter' ? `LoRA adapter of ${base.id}` : `model tuned from ${base.id}`],
    ['Base weights', `sha256 ${base.weights} (${base.recipe})`],
    ['Data', `${data.name} ${data.version}, ${data.split}, ${data.rows} rows, sha256 ${data.sha256}`],
    ['Method', `${card.method}, ${card.stage}`],
    ['Chat template', `${template.name}; ${template.check}`],
    ['System text', template.system],
    ['Loss', `${loss} in ${curve.steps} steps`],
    ...(curve.lastEvalLoss === undefined ? [] : [['Held-out loss', curve.lastEvalLoss.toFixed(4)] as const]),
    ['Trained', card.seconds === null ? 'time not known' : `${Math.round(card.seconds)} s`],
    ['Versions', versionsText(card.versions)],
    ['Made', `${card.createdAt} by the job ${card.job}`],
  ];
  return [
    `# ${card.name}`,
    '',
    ...facts.map(([name, value]) => `- ${name}: ${value}`),
    '',
    '## Settings',
    '',
    ...Object.entries(card.settings).map(([key, value]) => `- \`${key}\`: ${value}`),
    '',
    '## Files',
    '',
    ...card.files.map(({ name, bytes, sha256 }) => `- \`${name}\` (${bytes} bytes, sha256 ${sha256})`),
    '',
  ].join('\n');
}

export const versionsText = (versions: Readonly<Record<string, string>>): string =>
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
