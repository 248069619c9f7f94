/** Signing in to the running console as one of the local issuer's people, through its real form. */
import type { Page } from 'playwright-core';

/** Opens `path` of the console, signs in as `name` and waits until the address is `path` again. */
export async function signIn(page: Page, url: string, name: string, path = '/'): Promise<void> {
  await page.goto(url + path);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.locator('input[name="login"]').fill(name);
  await page.locator('input[name="password"]').fill('anything');
  await page.locator('form:has(input[name="password"]) button[type="submit"]').click();
  await page.waitForURL((address) => address.href.startsWith(url) && !address.searchParams.has('code'));
  await page.locator('#main').waitFor();
}
