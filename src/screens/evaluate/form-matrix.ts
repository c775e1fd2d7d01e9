import type { Choice } from '../../../stores/ui.ts';
import { matrixColumns } from '../../evaluation/matrix/design.ts';
import { withOracle } from '../../evaluation/oracle.ts';
import { RagtuiError } from '../../platform/errors.ts';
import { t } from '../../ui/i18n/index.ts';
import type { ScreenContext } from '../context.ts';

/** Two embedders are enough to see what one does against the other. */
const MOST_EMBEDDERS = 2;
const LLM = /(?:^|,)llm=([^,]+)/;

/** Pairs of LLMs that a matrix may be about; a choice's id is its columns, separated by line breaks. */
export function matrixChoices(context: ScreenContext): Choice[] {
  const { models, form } = context.evaluation.getState();
  const base = context.kb.getState().list?.find(({ name }) => name === form.kb);
  const embedders = base?.embedders.slice(0, MOST_EMBEDDERS) ?? [];
  const chosen = [...new Set(form.columns.flatMap((column) => LLM.exec(column)?.[1] ?? []))];
  const asked = chosen.filter((llm) => llm !== 'none');
  const pairs = models.flatMap(({ kind, id, base: under }) =>
    kind === 'llm' && under !== null ? [{ id, under }] : [],
  );
  const lists = [
    ...(asked.length > 1 ? [{ title: asked.join(' · '), llms: asked }] : []),
    ...pairs.map(({ id, under }) => ({ title: `${under} + ${id}`, llms: [`base=${under}`, `tuned=${id}`] })),
  ];
  return lists.map(({ title, llms }) => {
    const columns = matrixColumns({
      llms,
      embedders,
      contexts: embedders.length > 0 ? ['retrieved', 'gold'] : ['gold', 'none'],
      settings: 'prompt=sft',
    });
    const counts = { columns: columns.length, llms: llms.length, embedders: embedders.length };
    const note = embedders.length > 0 ? t('evaluate.matrix.note', counts) : t('evaluate.matrix.goldNote', counts);
    return { id: columns.join('\n'), title, note };
  });
}

/** Puts the columns of a matrix into the form; asks which where there are several. */
export function makeMatrix(context: ScreenContext): Promise<void> | undefined {
  const { evaluation, ui } = context;
  const choices = matrixChoices(context);
  const put = (id: string): Promise<void> => evaluation.getState().configure({ columns: id.split('\n') });
  const [first] = choices;
  if (first && choices.length === 1) return put(first.id);
  ui.getState().choose({ title: t('evaluate.matrix.llms'), choices, pick: put });
  return undefined;
}

/** The columns of the form with the oracle of each LLM that reads what was found; undefined where none is to be added. */
export function oracleColumns({ evaluation }: ScreenContext): string[] | undefined {
  const { columns } = evaluation.getState().form;
  try {
    const made = withOracle(columns);
    return made.length > columns.length ? made : undefined;
  } catch (error) {
    // A column that cannot be read: the form says so itself.
    if (error instanceof RagtuiError) return undefined;
    throw error;
  }
}
