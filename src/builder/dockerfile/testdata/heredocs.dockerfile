FROM a
RUN <<EOF
echo one \
  $two
# not a comment
EOF
RUN <<-"EOF" cat && 3<<second cat <&3
	one
		two
	EOF
three
second
RUN cat << spaced
text
spaced
COPY <<a.txt <<'b.txt' plain /dest/
A $x
a.txt
B $x
b.txt
ADD --chown=1 <<-x /y
	z
x
ONBUILD RUN <<EOF
inside
EOF
RUN ["a", "<<EOF"]
RUN echo "<<EOF"
RUN x <<< here
CMD a <<EOF
