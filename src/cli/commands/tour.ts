import type { Command } from 'commander';
import { z } from 'zod';
import { done, NEW_TOUR, STEP_SIGNS, skipped, stepViews, ticked } from '../../tour/steps.ts';
import { TOUR_STEPS, type TourRecord, type TourStep } from '../../tour/types.ts';
import type { CommandContext } from '../context.ts';
import { handle, type Invocation } from '../define.ts';

/** A step by its name or its number. */
const stepSchema = z.preprocess(
  (value) => TOUR_STEPS[Number(value) - 1] ?? value,
  z.enum(TOUR_STEPS, { error: `a step is a number from 1 to ${TOUR_STEPS.length}, or ${TOUR_STEPS.join(', ')}` }),
);

/** `ragtui tour`: the ten steps as a list, ticked by what the workspace holds; the screen has the same with keys. */
export function addTour(program: Command, invocation: Invocation): void {
  const tour = program.command('tour').description('ten steps through all there is, ticked as you do them');
  handle(tour, invocation, { args: z.tuple([]), options: z.object({}) }, (context) =>
    show(context, (record) => record),
  );
  const step = 'the name or number of a step';
  const skip = tour.command('skip').description('leave a step out, or take it up again').argument('<step>', step);
  const said = tour.command('done').description('tick a step that only looks at something').argument('<step>', step);
  const again = tour.command('again').description('take all ticks off; what is there already is ticked again');
  const schemas = { args: z.tuple([stepSchema]), options: z.object({}) };
  handle(skip, invocation, schemas, (context, [name]) => show(context, (record) => skipped(record, name)));
  handle(said, invocation, schemas, (context, [name]) => show(context, (record) => done(record, name)));
  handle(again, invocation, { args: z.tuple([]), options: z.object({}) }, (context) =>
    show(context, ({ state }) => ({ ...NEW_TOUR, state: state === 'over' ? 'on' : state })),
  );
}

/** Changes the record, ticks what is done, and prints all steps. A workspace is only made when something is to be kept. */
async function show(context: CommandContext, change: (record: TourRecord) => TourRecord): Promise<undefined> {
  const { paths, env, out } = context;
  const { defaultLanguage, setLanguage, t } = await import('../../ui/i18n/index.ts');
  const { chosenInterface } = await import('../../platform/config.ts');
  const { fixturesDir } = await import('../../platform/entry.ts');
  const { ensureWorkspace } = await import('../../platform/paths.ts');
  const { commandOf } = await import('../../tour/commands.ts');
  const { factsOfWorkspace } = await import('../../tour/facts.ts');
  const { readTour, writeTour } = await import('../../tour/record.ts');
  setLanguage(chosenInterface(paths.configFile).language ?? defaultLanguage(env));
  const before = readTour(paths);
  const record = ticked(change(before), await factsOfWorkspace(paths));
  if (record !== before) {
    ensureWorkspace(paths);
    writeTour(paths, record);
  }
  const steps = stepViews(record).map((view) => ({
    ...view,
    ...wordsOf(view.step, t),
    command: commandOf(view.step, fixturesDir()),
  }));
  out.result({ state: record.state, steps }, () => [
    t('tour.title'),
    ...steps.flatMap(({ number, state, title, about, press, command, needs }) => {
      const head = `${STEP_SIGNS[state]} ${String(number).padStart(2)}  ${title}`;
      const shown = state === 'skipped' ? `${head}  (${t('tour.state.skipped')})` : head;
      if (state !== 'now') return [shown];
      const more = [about, `${t('tour.press')}: ${press}`, `${t('tour.command')}: ${command}`];
      return [shown, ...more.map((text) => `      ${text}`), ...(needs ? [`      ${t('tour.needs')}: ${needs}`] : [])];
    }),
    '',
    t('tour.goes'),
    t('tour.looks'),
  ]);
  return undefined;
}

type Translate = typeof import('../../ui/i18n/index.ts').t;

const wordsOf = (step: TourStep, t: Translate) => ({
  title: t(`tour.${step}.title`),
  about: t(`tour.${step}.about`),
  press: t(`tour.${step}.press`),
  ...(step === 'train' ? { needs: t('tour.train.needs') } : {}),
});
