/** A page as an embedder would write it: Uppy with its S3 and Golden Retriever plug-ins, unmodified. */
import AwsS3 from '@uppy/aws-s3';
import Uppy from '@uppy/core';
import GoldenRetriever from '@uppy/golden-retriever';

declare global {
  interface Window {
    uppy: Uppy;
    begin: (token: string) => void;
  }
}

window.begin = (token) => {
  const plain = window.fetch;
  // The plug-in sends no Authorization header of its own.
  window.fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input, location.href);
    if (url.origin !== location.origin || !url.pathname.startsWith('/api/')) return plain(input, init);
    const headers = new Headers(init?.headers);
    headers.set('authorization', `Bearer ${token}`);
    return plain(input, { ...init, headers });
  };
  window.uppy = new Uppy({ id: 'resume', autoProceed: false })
    .use(AwsS3, {
      companionEndpoint: `${location.origin}/api`,
      shouldUseMultipart: true,
      getChunkSize: () => 8 * 1024 * 1024,
    })
    .use(GoldenRetriever);
  document.querySelector('input')!.addEventListener('change', (event) => {
    const file = (event.target as HTMLInputElement).files![0]!;
    window.uppy.addFile({ name: file.name, type: 'video/mp4', data: file });
  });
};
