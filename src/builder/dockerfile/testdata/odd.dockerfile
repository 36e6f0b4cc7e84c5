FROM a
  run  indented \  
 more	
from b as c
label "a=b"
ARG x
#
# d says
ARG d