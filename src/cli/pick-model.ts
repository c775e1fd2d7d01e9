import { createInterface } from 'node:readline/promises';
import type { ServerModel } from '../models/endpoint-check.ts';
import type { ChatEndpoint } from '../models/endpoint-url.ts';
import { RagtuiError } from '../platform/errors.ts';
import { sanitizeLine } from '../platform/sanitize.ts';
import type { CommandContext } from './context.ts';

const MOST_SHOWN = 40;

/**
 * The model a person means: the only one a server has, or the one picked from its list. Errors: `usage` with the list
 * when nobody can be asked; those of `listServerModels`.
 */
export async function pickModel(context: CommandContext, endpoint: ChatEndpoint): Promise<ServerModel> {
  const { listServerModels } = await import('../models/endpoint-check.ts');
  const { shownUrl } = await import('../models/endpoint-url.ts');
  const models = await listServerModels(endpoint, context.signal);
  const at = shownUrl(endpoint);
  const [first] = models;
  if (!first) throw new RagtuiError('usage', `${at} lists no models.`, 'Name the one you want with --model NAME.');
  if (models.length === 1) {
    context.out.note(`${at} has one model: ${first.id}.`);
    return first;
  }
  const names = models.map(({ id }) => id);
  if (!context.interactive) {
    const more = names.length > MOST_SHOWN ? ` and ${names.length - MOST_SHOWN} more` : '';
    throw new RagtuiError(
      'usage',
      `Which model? ${at} has ${names.slice(0, MOST_SHOWN).join(', ')}${more}.`,
      'Add --model NAME.',
    );
  }
  return ask(context, models);
}

async function ask(context: CommandContext, models: readonly ServerModel[]): Promise<ServerModel> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const show = (some: readonly ServerModel[]) => {
    for (const { id } of some.slice(0, MOST_SHOWN)) {
      process.stderr.write(
        `${String(models.findIndex((one) => one.id === id) + 1).padStart(4)}  ${sanitizeLine(id)}\n`,
      );
    }
    if (some.length > MOST_SHOWN) process.stderr.write(`      and ${some.length - MOST_SHOWN} more\n`);
  };
  try {
    show(models);
    for (;;) {
      const typed = (
        await lines.question('Which model? (number, name, or a part of it) ', { signal: context.signal })
      ).trim();
      const picked = models.find(({ id }) => id === typed) ?? models[/^\d+$/.test(typed) ? Number(typed) - 1 : -1];
      if (picked) return picked;
      const matching = models.filter(({ id }) => typed !== '' && id.toLowerCase().includes(typed.toLowerCase()));
      const [only] = matching;
      if (only && matching.length === 1) return only;
      show(matching.length > 0 ? matching : models);
    }
  } finally {
    lines.close();
  }
}
