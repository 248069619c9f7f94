/** The console's live screens, by name: each goes there and waits until it is as a person would see it. */
import type { Page } from 'playwright-core';

export interface ShownDevice {
  readonly id: string;
  readonly name: string;
  readonly channels: readonly { readonly number: number }[];
}

type Screens = Record<string, (page: Page) => Promise<void>>;

/** `devices` are those online; the first one is looked at closely. Nothing where there is none. */
export function liveScreens(devices: readonly ShownDevice[]): Screens {
  const [device] = devices;
  if (device === undefined) return {};
  const all = devices.flatMap(({ id, channels }) => channels.map(({ number }) => `${id}.${number}`)).slice(0, 9);
  const wall = async (page: Page) => {
    await page.goto(`/live?show=${all.join('_')}`);
    await page.locator('article[data-phase="live"]').first().waitFor({ timeout: 60_000 });
    await page.waitForTimeout(3000);
  };
  const map = (query: string) => async (page: Page) => {
    await page.goto(`/map${query}`);
    await page.getByRole('list', { name: 'Devices' }).getByText(device.name).waitFor();
    await drawn(page);
  };
  const open = async (page: Page) => {
    await page.goto(`/d/${device.id}`);
    await page
      .getByText(/recorded|Nothing recorded/)
      .first()
      .waitFor();
    await drawn(page);
  };
  /** A button of the device's page, and what it opens. */
  const after = (button: string, wait: (page: Page) => Promise<void>) => async (page: Page) => {
    await open(page);
    await page.getByRole('button', { name: button, exact: true }).click();
    await wait(page);
  };
  const dialog = (page: Page) => page.getByRole('dialog').waitFor();
  return {
    live: wall,
    'live-channels': async (page) => {
      await wall(page);
      await page.getByRole('button', { name: 'Channels', exact: true }).click();
      await dialog(page);
    },
    map: map(''),
    'map-chosen': map(`?device=${device.id}`),
    'map-register': async (page) => {
      await map('')(page);
      await page.getByRole('button', { name: 'Register' }).click();
      await dialog(page);
    },
    device: open,
    'device-clip': after('Clip', (page) => page.getByRole('form', { name: 'Make a clip' }).waitFor()),
    'device-holds': after('Ask what it has', async (page) => {
      const held = page.getByRole('list', { name: 'Recordings on the device' });
      await held.waitFor({ timeout: 70_000 });
      await held.scrollIntoViewIfNeeded();
    }),
    'device-share': after('Share', async (page) => {
      await page.getByRole('button', { name: 'Make address' }).click();
      await page.getByText('Embed', { exact: true }).waitFor();
    }),
    'device-settings': after('Settings', dialog),
  };
}

/** The map loads its outlines and draws them after it is there. */
async function drawn(page: Page): Promise<void> {
  await page.getByRole('application').first().waitFor();
  await page.waitForTimeout(3000);
}
