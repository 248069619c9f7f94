// CloudFront Function (cloudfront-js-2.0), viewer request. The console is one page: an address such as /v/abc is not a
// file, so it is answered with index.html. Files have an extension; a missing one stays missing.
//
// Programs that unfold a pasted address run no script, so of a video's page they are sent on to the page for frames, whose HTML
// says what there is to say (lambdas/playback/unfold.ts). Browsers say of themselves that somebody navigates (Fetch Metadata),
// and get the console from the edge as of any other address, without a function of ours.
var VIDEO = /^\/v\/[a-z0-9]{20}\/?$/;
var TOKEN = /^[A-Za-z0-9._-]+$/;

// oxlint-disable-next-line no-unused-vars -- CloudFront calls it by this name
function handler(event) {
  var request = event.request;
  var mode = request.headers['sec-fetch-mode'];
  if (VIDEO.test(request.uri) && (mode === undefined || mode.value !== 'navigate')) {
    var token = request.querystring.token;
    var query = token !== undefined && TOKEN.test(token.value) ? '?token=' + token.value : '';
    return {
      statusCode: 302,
      statusDescription: 'Found',
      headers: {
        location: { value: '/embed/' + request.uri.slice(3, 23) + query },
        'cache-control': { value: 'no-store' },
      },
    };
  }
  var last = request.uri.substring(request.uri.lastIndexOf('/') + 1);
  if (last.indexOf('.') === -1) request.uri = '/index.html';
  return request;
}
