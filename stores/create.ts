import { type AskStore, createAskStore } from './ask.ts';
import { type ComparePort, type CompareStore, createCompareStore } from './compare.ts';
import { countRequests } from './count-requests.ts';
import { createDatasetsStore, type DatasetsPort, type DatasetsStore } from './datasets.ts';
import { keepAskDefaults } from './defaults.ts';
import type { AskPort, Clock, Connect, JobsPort, ModelsPort, Schedule } from './dependencies.ts';
import { createDeployStore } from './deploy.ts';
import type { DeployPort, DeployStore } from './deploy-types.ts';
import { createEndpointsStore, type EndpointsStore } from './endpoints.ts';
import { createEvaluationStore, type EvaluationPort, type EvaluationStore } from './evaluation.ts';
import { createEvaluationItemsStore, type EvaluationItemsStore } from './evaluation-items.ts';
import { createFleetStore, type FleetPort, type FleetStore } from './fleet.ts';
import { createJobsStore, type JobsStore } from './jobs.ts';
import { createKbStore, type KbStore } from './kb.ts';
import { createModelsStore, type ModelsStore } from './models.ts';
import { createOnboardingStore, type OnboardingStore, type SampleKnowledge } from './onboarding.ts';
import { createRecipesStore, type RecipesPort, type RecipesStore } from './recipes.ts';
import { createSettingsStore, type SettingsPort, type SettingsStore } from './settings.ts';
import { createTelemetryStore, type TelemetryPort, type TelemetryStore } from './telemetry.ts';
import { createTourStore, type TourPort, type TourStore } from './tour.ts';
import { createTrainingStore } from './training.ts';
import type { TrainingPort, TrainingStore } from './training-types.ts';
import { createWorkspaceStore, type WorkspaceStore } from './workspace.ts';

export interface StoreDependencies {
  readonly home: string;
  /** Whether the workspace had a database before we started. */
  readonly existed: boolean;
  readonly connect: Connect;
  readonly disk: () => Promise<{ free: number; used: number }>;
  readonly models: ModelsPort;
  readonly jobs: JobsPort;
  readonly datasets: DatasetsPort;
  readonly training: TrainingPort;
  readonly evaluation: EvaluationPort;
  /** The answer engine; it asks the kb service through the connection of the workspace store. */
  readonly answers: (workspace: WorkspaceStore, settings: SettingsStore) => AskPort;
  /** Several pipelines over one question. */
  readonly compare: (workspace: WorkspaceStore, settings: SettingsStore) => ComparePort;
  readonly telemetry: TelemetryPort;
  readonly deploy: DeployPort;
  readonly recipes: RecipesPort;
  readonly fleet: FleetPort;
  readonly settings: { readonly file: string; readonly port: SettingsPort };
  readonly sample: SampleKnowledge;
  readonly tour: TourPort;
  readonly schedule: Schedule;
  readonly now: Clock;
  /** The guided start is over: show Ask. */
  readonly onGuideEnd: () => void;
}

export interface Stores {
  readonly workspace: WorkspaceStore;
  readonly kb: KbStore;
  readonly ask: AskStore;
  readonly compare: CompareStore;
  readonly models: ModelsStore;
  readonly endpoints: EndpointsStore;
  readonly jobs: JobsStore;
  readonly datasets: DatasetsStore;
  readonly training: TrainingStore;
  readonly evaluation: EvaluationStore;
  readonly evaluationItems: EvaluationItemsStore;
  readonly telemetry: TelemetryStore;
  readonly deploy: DeployStore;
  readonly recipes: RecipesStore;
  readonly fleet: FleetStore;
  readonly settings: SettingsStore;
  readonly onboarding: OnboardingStore;
  readonly tour: TourStore;
}

/** All stores, tied together. Nothing is read or started yet. */
export function createStores(dependencies: StoreDependencies): Stores {
  const { schedule, now } = dependencies;
  const settings = createSettingsStore(dependencies.settings.file, dependencies.settings.port);
  const workspace = createWorkspaceStore(dependencies);
  const jobs = createJobsStore({ jobs: dependencies.jobs, schedule });
  const models = createModelsStore({ models: dependencies.models, schedule, now });
  const endpoints = createEndpointsStore({ servers: dependencies.models.servers, models });
  const kb = createKbStore({ workspace, jobs });
  const datasets = createDatasetsStore({ datasets: dependencies.datasets, schedule, now });
  const training = createTrainingStore({ training: dependencies.training, jobs, schedule });
  const evaluation = createEvaluationStore({ evaluation: dependencies.evaluation, jobs });
  const evaluationItems = createEvaluationItemsStore({ items: dependencies.evaluation.items, evaluation });
  const { defaults } = settings.getState().settings;
  const ask = createAskStore({
    workspace,
    answers: dependencies.answers(workspace, settings),
    schedule,
    now,
    settings: {
      mode: defaults.mode,
      topK: defaults.top_k,
      prompt: defaults.prompt,
      reranker: defaults.reranker,
    },
  });
  const compare = createCompareStore({
    compare: dependencies.compare(workspace, settings),
    models: () => dependencies.evaluation.models(),
    datasets: dependencies.datasets,
    connect: () => workspace.getState().connect(),
    schedule,
    now,
  });
  const telemetry = createTelemetryStore({ telemetry: dependencies.telemetry, schedule });
  const deploy = createDeployStore({
    deploy: dependencies.deploy,
    telemetry: dependencies.telemetry,
    jobs,
    models,
    schedule,
    now,
  });
  const recipes = createRecipesStore({ recipes: dependencies.recipes, jobs });
  const fleet = createFleetStore({ fleet: dependencies.fleet, jobs, schedule });
  const onboarding = createOnboardingStore({
    models,
    kb,
    jobs,
    ask,
    sample: dependencies.sample,
    finish: dependencies.onGuideEnd,
  });
  const tour = createTourStore({
    port: dependencies.tour,
    ...{ kb, ask, compare, datasets, training, evaluation, jobs },
  });
  countRequests({ ask, compare, deploy, models });
  keepAskDefaults({ ask, kb, models, settings });
  return {
    workspace,
    kb,
    ask,
    compare,
    models,
    endpoints,
    jobs,
    datasets,
    training,
    evaluation,
    evaluationItems,
    telemetry,
    deploy,
    recipes,
    fleet,
    settings,
    onboarding,
    tour,
  };
}
