import { lazy, Suspense } from 'react';
import { Route, Routes, useLocation } from 'react-router';
import { VIDEO_ID } from '../../lib/contract/keys.ts';
import { useSession } from './auth/SessionContext.tsx';
import { LibraryPage } from './library/LibraryPage.tsx';
import { Fence } from './shared/Fence.tsx';
import { NotFound } from './shared/states.tsx';
import { pages } from './shell/ahead.ts';
import { ScreenSkeleton } from './shell/ScreenSkeleton.tsx';
import { Shell } from './shell/Shell.tsx';
import { VideoSkeleton } from './video/VideoSkeleton.tsx';

const SignIn = lazy(pages.signIn);
const VideoPage = lazy(pages.video);
const LivePage = lazy(pages.live);
const MapPage = lazy(pages.map);
const AlarmsPage = lazy(pages.alarms);
const DevicePage = lazy(pages.device);
const HealthPage = lazy(pages.health);
const InsightPage = lazy(pages.insight);
const ChangesPage = lazy(pages.changes);
const WebhooksPage = lazy(pages.webhooks);
const StoragePage = lazy(pages.storage);
const CollectionsPage = lazy(pages.collections);
const CollectionPage = lazy(pages.collection);
const PublicVideo = lazy(pages.publicVideo);

export function App() {
  const { person } = useSession();
  const { pathname, search } = useLocation();
  if (!person) {
    const id = /^\/v\/([^/]*)\/?$/.exec(pathname)?.[1];
    // A link that was cut off is none to sign in for.
    if (id === undefined || (!VIDEO_ID.test(id) && !new URLSearchParams(search).has('token'))) {
      return (
        <Suspense>
          <SignIn />
        </Suspense>
      );
    }
    return (
      <Fence>
        <Suspense>
          <PublicVideo
            id={id}
            otherwise={({ title, sentence, maySignIn }) => (
              <SignIn why={maySignIn ? sentence : `${title}. ${sentence}`} />
            )}
          />
        </Suspense>
      </Fence>
    );
  }
  return (
    <Shell>
      <Routes>
        <Route path="/" element={<LibraryPage />} />
        <Route
          path="/v/:id"
          element={
            <Suspense fallback={<VideoSkeleton />}>
              <VideoPage />
            </Suspense>
          }
        />
        {/* Also where no devices are taken in now: what they sent before is there. The shell says where they lead to. */}
        {Object.entries({
          '/collections': CollectionsPage,
          '/collections/:id': CollectionPage,
          '/live': LivePage,
          '/map': MapPage,
          '/alarms': AlarmsPage,
          '/d/:id': DevicePage,
          '/health': HealthPage,
          '/insight': InsightPage,
          '/v/:id/insight': InsightPage,
          '/changes': ChangesPage,
          '/webhooks': WebhooksPage,
          '/storage': StoragePage,
        }).map(([path, Page]) => (
          <Route
            key={path}
            path={path}
            element={
              <Suspense fallback={<ScreenSkeleton />}>
                <Page />
              </Suspense>
            }
          />
        ))}
        <Route path="*" element={<NotFound />} />
      </Routes>
    </Shell>
  );
}
