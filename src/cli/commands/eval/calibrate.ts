import type { Command } from 'commander';
import { z } from 'zod';
import { calibrationLines } from '../../../evaluation/judge/calibration-text.ts';
import { RagtuiError } from '../../../platform/errors.ts';
import type { CommandContext } from '../../context.ts';
import { handle, type Invocation } from '../../define.ts';

const choiceSchema = z.enum(['first', 'second', 'tie'], 'first, second or tie');
const voteArguments = z.tuple([z.string().min(1), z.string().min(1).optional(), choiceSchema.optional()]);

/** `ragtui eval vote|calibrate`. */
export function addEvalCalibrate(evaluation: Command, invocation: Invocation): void {
  handle(
    evaluation
      .command('vote')
      .description(
        'two answers to a question without their names: vote for one, to know how well a judge agrees with you',
      )
      .argument('<run>', 'its id, or latest')
      .argument('[item]', 'the question voted on; without it the next pair is shown')
      .argument('[choice]', 'first, second or tie')
      .option('--column <name>', 'put against the first column (default: the second one)'),
    invocation,
    { args: voteArguments, options: z.object({ column: z.string().min(1).optional() }) },
    vote,
  );
  handle(
    evaluation
      .command('calibrate')
      .description('how far a judge agrees with your own blind votes: share, and kappa beyond chance, with intervals')
      .argument('<run>', 'its id, or latest')
      .option('--judge <llm>', 'only this one (default: every judge of the run)'),
    invocation,
    { args: z.tuple([z.string().min(1)]), options: z.object({ judge: z.string().min(1).optional() }) },
    calibrate,
  );
}

async function vote(
  { out, paths }: CommandContext,
  [id, item, choice]: z.output<typeof voteArguments>,
  { column }: { column?: string | undefined },
): Promise<undefined> {
  const { voteStep } = await import('../../../evaluation/items/votes.ts');
  if (item !== undefined && choice === undefined) throw new RagtuiError('usage', 'Say which: first, second or tie.');
  const cast = item !== undefined && choice !== undefined ? { item, choice } : null;
  const step = voteStep(paths, id, { column: column ?? null, vote: cast });
  const { run, votes, left, next } = step;
  out.result(step, () => [
    ...(cast ? [`Kept. ${votes} votes, ${left} pairs left.`, ''] : []),
    ...(next
      ? [
          next.question,
          '',
          `first:  ${next.answers[0]}`,
          `second: ${next.answers[1]}`,
          '',
          `ragtui eval vote ${run} ${next.item} first|second|tie`,
        ]
      : ['All pairs are voted on. See: ragtui eval calibrate RUN']),
  ]);
}

async function calibrate(
  { out, paths, signal }: CommandContext,
  [id]: [string],
  { judge }: { judge?: string | undefined },
): Promise<undefined> {
  const { calibrateRun } = await import('../../../evaluation/judge/calibrate.ts');
  const calibrations = await calibrateRun(paths, id, { judge: judge ?? null, signal });
  out.result({ calibrations }, () => calibrationLines(calibrations));
}
