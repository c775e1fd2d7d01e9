import type { CommandContext } from '../../context.ts';

/** BGE's query instruction in the language of the questions; none for retrieval rows, which have their own. */
export async function usualInstruction(paths: CommandContext['paths'], which: string): Promise<string> {
  const { openDataset } = await import('../../../datasets/open.ts');
  const { bgeInstruction } = await import('../../../datasets/instructions.ts');
  const dataset = openDataset(paths, which);
  return dataset.kind === 'qa' ? bgeInstruction(dataset) : '';
}
