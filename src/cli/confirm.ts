import { createInterface } from 'node:readline/promises';
import { RagtuiError } from '../platform/errors.ts';
import { sanitizeLine } from '../platform/sanitize.ts';
import type { CommandContext } from './context.ts';

/**
 * Makes sure that the person wants `consequence` ("Deletes the knowledge base x with its 12 documents.").
 * @throws RagtuiError `usage` when nobody can be asked and --yes is missing, `cancelled` when the answer is no.
 */
export async function confirm(context: CommandContext, yes: boolean, consequence: string): Promise<void> {
  if (yes) return;
  if (!context.interactive) {
    throw new RagtuiError(
      'usage',
      `${consequence} Nobody is here to confirm it.`,
      'Add --yes if that is what you want.',
    );
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${sanitizeLine(consequence)} Go on? [y/N] `, { signal: context.signal });
    if (!/^y(es)?$/i.test(answer.trim())) throw new RagtuiError('cancelled', 'Nothing was changed.');
  } finally {
    lines.close();
  }
}
