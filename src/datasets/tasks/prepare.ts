import { z } from 'zod';
import { augmentSchema, labelSchema, makingSchema, negativesSchema, synthesizeSchema } from '../making/types.ts';
import { defineTask } from './define.ts';

const as = z.string().min(1).optional();
const unnamed = { version: true, as: true } as const;

/** What a form wishes: the work without what is found out for it. */
const makingWishSchema = z.discriminatedUnion('what', [
  /** `instruction` null: BGE's by the language. */
  negativesSchema.omit({ ...unnamed, instruction: true }).extend({ as, instruction: z.string().nullable() }),
  augmentSchema.omit({ ...unnamed, refusal: true }).extend({ as, refusal: z.string().min(1).optional() }),
  synthesizeSchema.omit({ as: true }).extend({ as }),
  labelSchema.omit(unnamed).extend({ as }),
  z.object({
    what: z.literal('sft'),
    dataset: z.string(),
    part: z.string(),
    as,
    prompt: z.string(),
    markers: z.string().optional(),
    schemaFile: z.string().optional(),
  }),
]);

/**
 * The work of a `make-data` job as a form wishes it: launch `{ kind: 'make-data', making }`. Says what is wrong now, and
 * what it would do.
 */
export const prepareTask = defineTask({
  task: z.object({ op: z.literal('prepare'), wish: makingWishSchema }),
  result: z.object({
    op: z.literal('prepare'),
    making: makingSchema,
    /** Must be here: pull those that are not. */
    models: z.array(z.string()),
    /** Of work with an LLM: how often it is asked at most, tokens (estimated), cost in words, the first request. */
    plan: z
      .object({
        ask: z.number(),
        promptTokens: z.number(),
        cost: z.string().nullable(),
        first: z.array(z.object({ role: z.string(), content: z.string() })),
      })
      .nullable(),
    /** Of damaged rows: a few before and after. */
    examples: z.array(z.object({ row: z.number(), did: z.string(), before: z.string(), after: z.string() })),
    /** Rows that are read; null where it is not known before. */
    rows: z.number().nullable(),
  }),
  async run({ paths }, { wish }) {
    const { signal } = new AbortController();
    const nothing = { op: 'prepare' as const, models: [], plan: null, examples: [], rows: null };
    switch (wish.what) {
      case 'negatives': {
        const { openDataset } = await import('../open.ts');
        const { bgeInstruction } = await import('../instructions.ts');
        const { prepareNegatives } = await import('../negatives/prepare.ts');
        const dataset = openDataset(paths, wish.dataset);
        const usual = dataset.kind === 'qa' ? bgeInstruction(dataset) : '';
        const prepared = await prepareNegatives(paths, { ...wish, instruction: wish.instruction ?? usual });
        return { ...nothing, ...prepared, rows: dataset.count(wish.part) };
      }
      case 'augment': {
        const { prepareAugment } = await import('../making/augment/prepare.ts');
        return { ...nothing, ...(await prepareAugment(paths, wish)) };
      }
      case 'synthesize': {
        const { prepareSynthesis } = await import('../making/prepare-llm.ts');
        const { group, chunks, ...rest } = wish;
        const { making, models, plan } = await prepareSynthesis(
          paths,
          { ...rest, name: wish.as, group: group ?? undefined, chunks: chunks ?? undefined },
          signal,
        );
        return { ...nothing, making, models: [...models], plan: { ...plan, first: [...plan.first] } };
      }
      case 'label': {
        const { prepareLabels } = await import('../making/prepare-llm.ts');
        const { making, models, plan } = await prepareLabels(
          paths,
          { ...wish, name: wish.as, split: wish.part, kb: wish.kb?.name, group: wish.kb?.group ?? undefined },
          signal,
        );
        return { ...nothing, making, models: [...models], plan: { ...plan, first: [...plan.first] } };
      }
      case 'sft': {
        const { prepareSft } = await import('../making/prepare-sft.ts');
        return { ...nothing, ...prepareSft(paths, wish) };
      }
    }
  },
});
