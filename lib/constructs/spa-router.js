// CloudFront Function (cloudfront-js-2.0), viewer request. The console is one page: an address such as /v/abc is not a
// file, so it is answered with index.html. Files have an extension; a missing one stays missing.
// oxlint-disable-next-line no-unused-vars -- CloudFront calls it by this name
function handler(event) {
  var request = event.request;
  var last = request.uri.substring(request.uri.lastIndexOf('/') + 1);
  if (last.indexOf('.') === -1) request.uri = '/index.html';
  return request;
}
