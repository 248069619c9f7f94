/** Which deployment a command is about, from a shell that does not say. */
import { beforeEach, afterEach, expect, it, vi } from 'vitest';
import { openDeployment } from '../../local/deployment.ts';

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_CONFIG_FILE', '/dev/null');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/dev/null');
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
});
afterEach(() => vi.unstubAllEnvs());

it.each([
  { without: 'a region', asked: {} },
  { without: 'credentials', asked: { region: 'eu-central-1' } },
])('says what to give it where the shell is without $without', async ({ asked }) => {
  const refused = openDeployment(asked);
  await expect(refused).rejects.toThrow(/credentials in this shell.*--region NAME/);
  await expect(refused).rejects.toThrow('--ready-file FILE');
});
