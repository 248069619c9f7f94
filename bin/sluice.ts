import { AwsSolutionsChecks } from 'cdk-nag';
import { App, Validations } from 'aws-cdk-lib';
import { sluiceStacks } from '../lib/app.ts';

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
sluiceStacks(app);
