import type { WorkspacePaths } from '../src/platform/paths.ts';
import { realDeploy } from './deploy-port.ts';
import { realFleet } from './fleet-port.ts';
import { realDatasets, realEvaluation, realTraining } from './loop-ports.ts';
import { realJobs, realModels, realTour } from './ports.ts';
import { realRecipes } from './recipes-port.ts';
import { realTelemetry } from './telemetry-port.ts';

/** What stores reach the rest of the program through, for one workspace; those that need other stores are not among them. */
export function realPorts(paths: WorkspacePaths) {
  return {
    models: realModels(paths),
    jobs: realJobs(paths),
    datasets: realDatasets(paths),
    training: realTraining(paths),
    evaluation: realEvaluation(paths),
    telemetry: realTelemetry(paths),
    deploy: realDeploy(paths),
    recipes: realRecipes(paths),
    fleet: realFleet(paths),
    tour: realTour(paths),
  };
}
