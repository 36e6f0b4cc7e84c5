# escape=`
FROM a
RUN dir C:\ `
  more
COPY a C:\
ENV a=x`\ y
