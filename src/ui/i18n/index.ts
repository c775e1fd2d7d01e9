import type { Action } from '../../keys/types.ts';
import { fillIn } from '../../platform/fill-in.ts';
import { ask } from './en/ask.ts';
import { common } from './en/common.ts';
import { compare } from './en/compare.ts';
import { datasets } from './en/datasets.ts';
import { deploy } from './en/deploy.ts';
import { evaluate } from './en/evaluate.ts';
import { fleet } from './en/fleet.ts';
import { home } from './en/home.ts';
import { jobs } from './en/jobs.ts';
import { kb } from './en/kb.ts';
import { making } from './en/making.ts';
import { metrics } from './en/metrics.ts';
import { models } from './en/models.ts';
import { recipes } from './en/recipes.ts';
import { settings } from './en/settings.ts';
import { tour } from './en/tour.ts';
import { train } from './en/train.ts';
import { trainForm } from './en/train-form.ts';
import { trainingFields } from './en/training-fields.ts';
import type { ActionTexts, Language, Texts } from './types.ts';
import { actionTexts } from './zh/actions.ts';
import * as zhAsk from './zh/ask.ts';
import { common as zhCommon } from './zh/common.ts';
import * as zhCompare from './zh/compare.ts';
import * as zhDatasets from './zh/datasets.ts';
import * as zhDeploy from './zh/deploy.ts';
import * as zhEvaluate from './zh/evaluate.ts';
import { metricTexts, noteTexts, strataTexts } from './zh/evaluation-terms.ts';
import * as zhFleet from './zh/fleet.ts';
import * as zhHome from './zh/home.ts';
import * as zhJobs from './zh/jobs.ts';
import * as zhKb from './zh/kb.ts';
import * as zhMaking from './zh/making.ts';
import { metrics as zhMetrics } from './zh/metrics.ts';
import * as zhModels from './zh/models.ts';
import * as zhRecipes from './zh/recipes.ts';
import * as zhSettings from './zh/settings.ts';
import * as zhTour from './zh/tour.ts';
import * as zhTrain from './zh/train.ts';
import * as zhTrainForm from './zh/train-form.ts';
import { trainingFields as zhTrainingFields } from './zh/training-fields.ts';

const english = {
  ...common,
  ...home,
  ...kb,
  ...ask,
  ...compare,
  ...metrics,
  ...models,
  ...jobs,
  ...datasets,
  ...making,
  ...train,
  ...trainForm,
  ...trainingFields,
  ...evaluate,
  ...deploy,
  ...recipes,
  ...fleet,
  ...settings,
  ...tour,
};
const chinese: Texts<typeof english> = {
  ...zhCommon,
  ...zhHome.home,
  ...zhKb.kb,
  ...zhAsk.ask,
  ...zhCompare.compare,
  ...zhMetrics,
  ...zhModels.models,
  ...zhJobs.jobs,
  ...zhDatasets.datasets,
  ...zhMaking.making,
  ...zhTrain.train,
  ...zhTrainForm.trainForm,
  ...zhTrainingFields,
  ...zhEvaluate.evaluate,
  ...zhDeploy.deploy,
  ...zhRecipes.recipes,
  ...zhFleet.fleet,
  ...zhSettings.settings,
  ...zhTour.tour,
};

export type MessageKey = keyof typeof english;
type Values = Readonly<Record<string, string | number>>;

/** Every message of a language: for the test that compares them. */
export const messages: Readonly<Record<Language, Texts<typeof english>>> = { en: english, zh: chinese };

/** Chinese titles and helps of actions, by action id; English ones stand in the action tables. */
export const chineseActions: ActionTexts = {
  ...actionTexts,
  ...zhHome.homeActions,
  ...zhTour.tourActions,
  ...zhKb.kbActions,
  ...zhAsk.askActions,
  ...zhCompare.compareActions,
  ...zhModels.modelsActions,
  ...zhJobs.jobsActions,
  ...zhDatasets.datasetsActions,
  ...zhMaking.makingActions,
  ...zhTrain.trainActions,
  ...zhTrainForm.trainFormActions,
  ...zhEvaluate.evaluateActions,
  ...zhDeploy.deployActions,
  ...zhRecipes.recipesActions,
  ...zhFleet.fleetActions,
  ...zhSettings.settingsActions,
};

let current: Language = 'en';

/** One language per process: the app draws everything anew after a change. */
export function setLanguage(language: Language): void {
  current = language;
}

/** The message in the current language, `{name}` filled from `values`. */
export function t(key: MessageKey, values: Values = {}): string {
  return fillIn(messages[current][key], values);
}

/** A message that there may be, by a name that is made at run time: what an engine's own key means. */
export function messageIfAny(key: string): string | undefined {
  return Object.hasOwn(english, key) ? t(key as MessageKey) : undefined;
}

/** Title and help of an action in the current language. */
export function actionText(action: Pick<Action<never>, 'id' | 'title' | 'help'>): { title: string; help: string } {
  const translated = current === 'zh' ? chineseActions[action.id] : undefined;
  return translated ? { title: translated[0], help: translated[1] } : { title: action.title, help: action.help };
}

/** What a metric is blind to, in the current language; one of the user's own says it in its own words. */
export function metricText({ name, blindTo }: { readonly name: string; readonly blindTo: string }): string {
  const family = name.split('@', 1)[0] ?? name;
  return (current === 'zh' ? metricTexts[family] : undefined) ?? blindTo;
}

/** A note on a run in the current language; as it was written where there is no translation. */
export function noteText({
  id,
  values,
  text,
}: {
  readonly id: string;
  readonly values: Values;
  readonly text: string;
}) {
  const translated = current === 'zh' ? noteTexts[id] : undefined;
  return translated === undefined ? text : fillIn(translated, values);
}

/** The name of a way to part questions, or of a part, in the current language. */
export const stratumText = (name: string): string => (current === 'zh' ? strataTexts[name] : undefined) ?? name;

/** The language of the environment: `LC_ALL`, `LC_MESSAGES`, `LANG` starting with `zh` means Chinese. */
export function defaultLanguage(env: NodeJS.ProcessEnv): Language {
  const locale = env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || '';
  return locale.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}
