import type { AskStore } from '../../stores/ask.ts';
import type { CompareStore } from '../../stores/compare.ts';
import type { DatasetsStore } from '../../stores/datasets.ts';
import type { PreviewPort } from '../../stores/dependencies.ts';
import type { EvaluationStore } from '../../stores/evaluation.ts';
import type { JobsStore } from '../../stores/jobs.ts';
import type { KbStore } from '../../stores/kb.ts';
import type { ModelsStore } from '../../stores/models.ts';
import type { OnboardingStore } from '../../stores/onboarding.ts';
import type { PathPort } from '../../stores/path.ts';
import type { SettingsStore } from '../../stores/settings.ts';
import type { TrainingStore } from '../../stores/training.ts';
import type { UiStore } from '../../stores/ui.ts';
import type { WorkspaceStore } from '../../stores/workspace.ts';

/** What every screen is made from. */
export interface ScreenContext {
  readonly ui: UiStore;
  readonly workspace: WorkspaceStore;
  readonly kb: KbStore;
  readonly ask: AskStore;
  readonly compare: CompareStore;
  readonly models: ModelsStore;
  readonly jobs: JobsStore;
  readonly datasets: DatasetsStore;
  readonly training: TrainingStore;
  readonly evaluation: EvaluationStore;
  readonly settings: SettingsStore;
  readonly onboarding: OnboardingStore;
  readonly preview: PreviewPort;
  readonly paths: PathPort;
  /** Milliseconds, as `Date.now`. */
  readonly now: () => number;
}
