FROM triggers
ENV A=1 B=$A
ENV C=$A
RUN <<END
echo one
END
RUN <<SCRIPT
#!/usr/bin/env sh
echo two
SCRIPT
COPY <<one.txt <<two.txt /files/
$C
one.txt
two
two.txt
ADD https://example.com/x.tar.gz archive.tar /opt/
ADD https://example.com/repo.git#main /repo
SHELL ["/bin/bash", "-c"]
RUN --network=none echo three
CMD echo done
ONBUILD RUN later
