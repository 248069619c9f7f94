import { lazy, Suspense } from 'react';
import { Route, Routes, useLocation } from 'react-router';
import { useSession } from './auth/SessionContext.tsx';
import { SignIn } from './auth/SignIn.tsx';
import { LibraryPage } from './library/LibraryPage.tsx';
import { Fence } from './shared/Fence.tsx';
import { NotFound } from './shared/states.tsx';
import { ScreenSkeleton } from './shell/ScreenSkeleton.tsx';
import { Shell } from './shell/Shell.tsx';
import { VideoSkeleton } from './video/VideoSkeleton.tsx';

const VideoPage = lazy(() => import('./video/VideoPage.tsx'));
const LivePage = lazy(() => import('./live/LivePage.tsx'));
const MapPage = lazy(() => import('./map/MapPage.tsx'));
const DevicePage = lazy(() => import('./device/DevicePage.tsx'));
const PublicVideo = lazy(() => import('./video/PublicVideo.tsx'));

export function App() {
  const { person } = useSession();
  const { pathname } = useLocation();
  if (!person) {
    const shared = /^\/v\/([a-z0-9]{20})$/.exec(pathname)?.[1];
    if (shared === undefined) return <SignIn />;
    return (
      <Fence>
        <Suspense>
          <PublicVideo id={shared} otherwise={<SignIn />} />
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
        {Object.entries({ '/live': LivePage, '/map': MapPage, '/d/:id': DevicePage }).map(([path, Page]) => (
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
