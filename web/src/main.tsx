import './mantine-styles.ts';
import './app.css';
import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import { App } from './App.tsx';
import { call } from './api/client.ts';
import { retryPolicy } from './api/queries.ts';
import { withToken } from './api/token-fetch.ts';
import { SessionProvider } from './auth/SessionContext.tsx';
import { SessionManager } from './auth/session.ts';
import { NoticeHost } from './shared/notify.tsx';
import { reach, watchReach } from './shared/reach.ts';
import { ReachNote } from './shared/ReachNote.tsx';
import { keepStyles } from './shared/styles.ts';
import { codeAhead, recordAhead } from './shell/ahead.ts';
import { Boot } from './shell/Boot.tsx';
import { theme } from './theme.ts';

// Without a network a question fails and says so, instead of waiting in silence or being sent when nobody expects it any more.
const networkMode = 'always';
const client = new QueryClient({
  defaultOptions: {
    queries: { retry: retryPolicy, refetchOnWindowFocus: true, refetchOnReconnect: true, networkMode },
    mutations: { retry: false, networkMode },
  },
});

keepStyles();
codeAhead(location.pathname);
watchReach();
// What failed meanwhile is asked again by itself.
reach.subscribe(() => {
  if (reach.now !== 'reached') return;
  void client.refetchQueries({ type: 'active', predicate: ({ state }) => state.status === 'error' });
});

const root = createRoot(document.querySelector('#root')!);
const page = (content: React.ReactNode) =>
  root.render(
    <StrictMode>
      <MantineProvider theme={theme} defaultColorScheme="auto">
        <ReachNote />
        <NoticeHost />
        {content}
      </MantineProvider>
    </StrictMode>,
  );

async function boot(): Promise<void> {
  page(<Boot />);
  try {
    const manager = new SessionManager(await call('GET /api/config', {}));
    if (!(await manager.start())) return;
    window.fetch = withToken(window.fetch.bind(window), manager, location.origin);
    const { person } = manager.session;
    if (person) {
      recordAhead(client, location.pathname);
      void import('./auth/introduce.ts').then(({ introduce }) => introduce(manager, client)).catch(() => {});
      void import('./push/push.ts').then(({ startPush }) => startPush(client, person.subject)).catch(() => {});
    }
    page(
      <QueryClientProvider client={client}>
        <SessionProvider manager={manager}>
          <BrowserRouter>
            <App />
          </BrowserRouter>
        </SessionProvider>
      </QueryClientProvider>,
    );
  } catch (error) {
    const over = new AbortController();
    const retry = () => {
      over.abort();
      void boot();
    };
    window.addEventListener('online', retry, { signal: over.signal });
    page(<Boot error={error} retry={retry} />);
  }
}

void boot();
