/** The number of a row within the whole dataset, from its place within a part. Errors: `not-found`. */
export async function rowNumber(
  dataset: { rowNumbers(part?: string): readonly number[] },
  row: number,
  part: string | undefined,
): Promise<number> {
  if (part === undefined) return row;
  const numbers = dataset.rowNumbers(part);
  const number = numbers[row];
  if (number !== undefined) return number;
  const { RagtuiError } = await import('../../../platform/errors.ts');
  throw new RagtuiError(
    'not-found',
    `The part "${part}" has no row ${row}.`,
    `Its rows are 0 to ${numbers.length - 1}.`,
  );
}
